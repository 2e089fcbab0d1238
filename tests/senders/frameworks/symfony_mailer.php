<?php
// Sends one mail with Symfony's Mailer and a DSN, as its documentation shows: JSON on the standard input says what.
require 'Symfony/Component/Mailer/autoload.php';

use Symfony\Component\Mailer\Mailer;
use Symfony\Component\Mailer\Transport;
use Symfony\Component\Mime\Email;

$mail = json_decode(stream_get_contents(STDIN), true);
$email = (new Email())
    ->from($mail['from'])
    ->to(...$mail['to'])
    ->cc(...$mail['cc'])
    ->bcc(...$mail['bcc'])
    ->replyTo(...$mail['reply_to'])
    ->subject($mail['subject'])
    ->text($mail['text'])
    ->html($mail['html'])
    ->attach($mail['file'], $mail['file_name'], 'text/plain');
$dsn = 'smtp://app:' . rawurlencode('any password') . "@{$mail['host']}:{$mail['port']}";
(new Mailer(Transport::fromDsn($dsn)))->send($email);
