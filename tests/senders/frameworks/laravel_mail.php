<?php
// Sends one mail with Laravel's MailManager and what config/mail.php has from the start: JSON on the standard input
// says what. A whole Laravel is not needed for it: its container, events and views are.
require 'Egulias/EmailValidator/autoload.php';
foreach (['Config', 'Events', 'Mail', 'View'] as $part) {
    require "Illuminate/$part/autoload.php";
}

use Illuminate\Config\Repository;
use Illuminate\Container\Container;
use Illuminate\Events\Dispatcher;
use Illuminate\Mail\MailManager;
use Illuminate\Support\HtmlString;
use Illuminate\View\Engines\EngineResolver;
use Illuminate\View\Factory;
use Illuminate\View\FileViewFinder;
use Illuminate\Filesystem\Filesystem;

$mail = json_decode(stream_get_contents(STDIN), true);
$app = new Container();
$app['events'] = new Dispatcher($app);
$app['view'] = new Factory(new EngineResolver(), new FileViewFinder(new Filesystem(), []), $app['events']);
$app['config'] = new Repository(['mail' => ['default' => 'smtp', 'mailers' => ['smtp' => [
    'transport' => 'smtp', 'host' => $mail['host'], 'port' => $mail['port'], 'encryption' => null,
    'username' => 'app', 'password' => 'any password', 'timeout' => null,
]]]]);

function split_mailbox(string $mailbox): array
{
    return preg_match('/^"?([^"<]*?)"? <([^>]+)>$/u', $mailbox, $parts) ? [$parts[2], $parts[1]] : [$mailbox, null];
}

$views = ['html' => new HtmlString($mail['html']), 'raw' => $mail['text']];
(new MailManager($app))->mailer()->send($views, [], function ($message) use ($mail) {
    $message->from(...split_mailbox($mail['from']))->subject($mail['subject']);
    foreach (['to' => 'to', 'cc' => 'cc', 'bcc' => 'bcc', 'reply_to' => 'replyTo'] as $field => $add) {
        foreach ($mail[$field] as $mailbox) {
            $message->$add(...split_mailbox($mailbox));
        }
    }
    $message->attachData($mail['file'], $mail['file_name'], ['mime' => 'text/plain']);
});
