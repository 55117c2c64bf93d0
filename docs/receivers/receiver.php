<?php
// Receives PlayVoice callbacks, in any web server with PHP 7.4 or newer; to try it: php -S 127.0.0.1:9000 receiver.php
//
// PLAYVOICE_SECRET is the signing secret (whsec_...). A callback that is ours is put into the folder of
// PLAYVOICE_INBOX (default: inbox) and answered at once; what works on it reads the files there, in its own time, and
// leaves them for 30 days: by its file a callback is known that comes again.

const TOLERANCE = 300; // seconds: an older callback may be one that somebody recorded and sends again
const MOST = 65536;    // octets of a body

/** Tell whether the body was signed with our secret, and just now. */
function is_ours(string $key, string $id, string $timestamp, string $signatures, string $body): bool
{
    if (!preg_match('/^[0-9]{1,12}$/D', $timestamp) || abs(time() - (int) $timestamp) > TOLERANCE) {
        return false;
    }
    $expected = 'v1,' . base64_encode(hash_hmac('sha256', "$id.$timestamp.$body", $key, true));
    foreach (explode(' ', $signatures) as $signature) {
        if (hash_equals($expected, $signature)) {
            return true;
        }
    }
    return false;
}

/** Store a callback once, whole or not at all; a repeated one has the same webhook-id. */
function keep(string $id, string $content): bool
{
    $inbox = getenv('PLAYVOICE_INBOX') ?: 'inbox';
    if (!is_dir($inbox) && !mkdir($inbox) && !is_dir($inbox)) {
        return false;
    }
    $part = "$inbox/.$id." . bin2hex(random_bytes(8));
    return is_file("$inbox/$id.json") || (
        file_put_contents($part, $content) === strlen($content) && rename($part, "$inbox/$id.json")
    );
}

function take(): int
{
    $key = base64_decode(preg_replace('/^whsec_/', '', (string) getenv('PLAYVOICE_SECRET')));
    if ($key === '') { // with an empty key everybody could sign
        error_log('PLAYVOICE_SECRET is not set for the web server');
        return 500;
    }
    $body = file_get_contents('php://input', false, null, 0, MOST + 1);
    $id = $_SERVER['HTTP_WEBHOOK_ID'] ?? '';
    if (strlen($body) > MOST) {
        return 413;
    }
    if (!preg_match('/^[A-Za-z0-9-]{1,100}$/D', $id)) {
        return 400;
    }
    $timestamp = $_SERVER['HTTP_WEBHOOK_TIMESTAMP'] ?? '';
    if (!is_ours($key, $id, $timestamp, $_SERVER['HTTP_WEBHOOK_SIGNATURE'] ?? '', $body)) {
        return 401;
    }
    if (strpos($_SERVER['CONTENT_TYPE'] ?? '', 'application/x-www-form-urlencoded') === 0) {
        parse_str($body, $form); // callback_format = "form"
        $body = $form['detail'];
    }
    return keep($id, $body) ? 204 : 500; // after a 500 it comes again
}

http_response_code(take());
