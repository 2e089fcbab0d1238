# Sends one mail with Rails' ActionMailer, as its guide shows: JSON on the standard input says what.
require "action_mailer"
require "json"

MAIL = JSON.parse($stdin.read)

ActionMailer::Base.delivery_method = :smtp
ActionMailer::Base.smtp_settings = {
  address: MAIL["host"], port: MAIL["port"], user_name: "app", password: "any password", authentication: :plain
}

class Orders < ActionMailer::Base
  def placed
    attachments[MAIL["file_name"]] = { mime_type: "text/plain", content: MAIL["file"] }
    headers = %w[from to cc bcc reply_to subject].to_h { |name| [name.to_sym, MAIL[name]] }
    mail(headers) do |format|
      format.text { render plain: MAIL["text"] }
      format.html { render html: MAIL["html"].html_safe }
    end
  end
end

Orders.placed.deliver_now
