// An application that sends with Jakarta Mail and a login, and with STARTTLS where that is offered: HOST PORT TO.
import jakarta.mail.Authenticator;
import jakarta.mail.Message;
import jakarta.mail.PasswordAuthentication;
import jakarta.mail.Session;
import jakarta.mail.Transport;
import jakarta.mail.internet.InternetAddress;
import jakarta.mail.internet.MimeMessage;
import java.util.Properties;

public class Send {
    public static void main(String[] arguments) throws Exception {
        Properties properties = new Properties();
        properties.put("mail.smtp.host", arguments[0]);
        properties.put("mail.smtp.port", arguments[1]);
        properties.put("mail.smtp.auth", "true");
        properties.put("mail.smtp.starttls.enable", "true");
        Authenticator login = new Authenticator() {
            @Override
            protected PasswordAuthentication getPasswordAuthentication() {
                return new PasswordAuthentication("app", "any password");
            }
        };
        MimeMessage message = new MimeMessage(Session.getInstance(properties, login));
        message.setFrom(new InternetAddress("app@sender.example"));
        message.setRecipient(Message.RecipientType.TO, new InternetAddress(arguments[2]));
        message.setSubject("Jakarta Mail");
        message.setText("Hello.");
        Transport.send(message);
    }
}
