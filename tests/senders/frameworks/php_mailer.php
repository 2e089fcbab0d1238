<?php
// Sends one mail with PHPMailer, as its documentation shows: JSON on the standard input says what.
require 'libphp-phpmailer/autoload.php';

use PHPMailer\PHPMailer\PHPMailer;

$mail = json_decode(stream_get_contents(STDIN), true);
$mailer = new PHPMailer(true);
$mailer->CharSet = PHPMailer::CHARSET_UTF8;
$mailer->isSMTP();
$mailer->Host = $mail['host'];
$mailer->Port = $mail['port'];
$mailer->SMTPAuth = true;
$mailer->Username = 'app';
$mailer->Password = 'any password';
[$from] = PHPMailer::parseAddresses($mail['from'], false);
$mailer->setFrom($from['address'], $from['name']);
foreach (['to' => 'addAddress', 'cc' => 'addCC', 'bcc' => 'addBCC', 'reply_to' => 'addReplyTo'] as $field => $add) {
    foreach ($mail[$field] as $mailbox) {
        [$parsed] = PHPMailer::parseAddresses($mailbox, false);
        $mailer->$add($parsed['address'], $parsed['name']);
    }
}
$mailer->Subject = $mail['subject'];
$mailer->isHTML();
$mailer->Body = $mail['html'];
$mailer->AltBody = $mail['text'];
$mailer->addStringAttachment($mail['file'], $mail['file_name'], PHPMailer::ENCODING_BASE64, 'text/plain');
$mailer->send();
