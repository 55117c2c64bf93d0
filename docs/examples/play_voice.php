<?php
// Log in and place one call: php play_voice.php NUMBER. Needs PHP 7.4 or newer with curl.

/** Send one request; returns `result`, and the headers of the answer in lower case. */
function playvoice(string $service, array $fields, array $headers = []): array
{
    $received = [];
    $curl = curl_init(getenv('PLAYVOICE_URL') ?: 'http://127.0.0.1:8080/');
    curl_setopt_array($curl, [
        CURLOPT_RETURNTRANSFER => true,
        CURLOPT_TIMEOUT => 30,
        CURLOPT_HTTPHEADER => $headers,
        CURLOPT_POSTFIELDS => ['service' => $service] + $fields,
        CURLOPT_HEADERFUNCTION => function ($curl, $line) use (&$received) {
            $pair = explode(':', $line, 2);
            $received[strtolower($pair[0])] = trim($pair[1] ?? '');
            return strlen($line);
        },
    ]);
    $body = curl_exec($curl);
    if ($body === false) {
        throw new RuntimeException('no answer: ' . curl_error($curl));
    }
    $answer = json_decode($body, true);
    if ($answer['ret'] !== 200) { // 600: log in again
        throw new RuntimeException($answer['msg'], $answer['ret']);
    }
    if ($answer['data']['status'] !== 0) { // 1003: wait for the seconds of $received['retry-after']
        throw new RuntimeException($answer['data']['errors']['codemsg'], $answer['data']['errors']['code']);
    }
    return [$answer['data']['result'] ?? null, $received];
}

try {
    [$login] = playvoice('App.Sip_Auth.Login', [
        'appid' => getenv('PLAYVOICE_APPID'),
        'accesskey' => getenv('PLAYVOICE_ACCESSKEY'),
    ]);
    [, $headers] = playvoice('App.Sip_Call.PlayVoice', [
        'token' => $login['token'],
        'destnumber' => $argv[1],
        'voicetype' => '2',
        'voicefile' => 'https://www.example.com/notice.mp3',
        'chengshudu' => '1',
        'userid' => '1@extGroup-1',
    ], ["Idempotency-Key: invoice-4711-$argv[1]"]);
    echo $headers['x-call-uuid'], "\n";
} catch (RuntimeException $error) {
    fwrite(STDERR, "{$error->getCode()} {$error->getMessage()}\n");
    exit(1);
}
