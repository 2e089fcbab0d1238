<?php
// Sends one mail with PHP's own mail(), which calls the program of sendmail_path: JSON on the standard input says what.
$mail = json_decode(stream_get_contents(STDIN), true);
mb_internal_encoding('UTF-8');

function encode(string $mailbox): string
{
    preg_match('/^(?:"?([^"<]*?)"? <)?([^<>]+)>?$/u', $mailbox, $parts);
    return $parts[1] === '' ? $parts[2] : mb_encode_mimeheader($parts[1], 'UTF-8', 'Q') . " <$parts[2]>";
}

$mixed = 'mixed-boundary';
$inner = 'inner-boundary';
$headers = [
    'From' => encode($mail['from']),
    'Cc' => implode(', ', array_map('encode', $mail['cc'])),
    'Bcc' => implode(', ', array_map('encode', $mail['bcc'])),
    'Reply-To' => implode(', ', array_map('encode', $mail['reply_to'])),
    'MIME-Version' => '1.0',
    'Content-Type' => "multipart/mixed; boundary=\"$mixed\"",
];
$base64 = fn (string $type, string $content) =>
    "Content-Type: $type\r\nContent-Transfer-Encoding: base64\r\n%s\r\n" . chunk_split(base64_encode($content));
$name = "Content-Disposition: attachment; filename*=UTF-8''" . rawurlencode($mail['file_name']) . "\r\n";
$body = "--$mixed\r\nContent-Type: multipart/alternative; boundary=\"$inner\"\r\n\r\n"
    . "--$inner\r\n" . sprintf($base64('text/plain; charset=utf-8', $mail['text']), '')
    . "--$inner\r\n" . sprintf($base64('text/html; charset=utf-8', $mail['html']), '')
    . "--$inner--\r\n"
    . "--$mixed\r\n" . str_replace('%s', $name, $base64('text/plain', $mail['file']))
    . "--$mixed--\r\n";
$subject = mb_encode_mimeheader($mail['subject'], 'UTF-8', 'B');
exit(mail(implode(', ', array_map('encode', $mail['to'])), $subject, $body, $headers) ? 0 : 1);
