#!/bin/sh
# Log in and place one call: sh play_voice.sh NUMBER. Needs curl.
set -eu
url=${PLAYVOICE_URL:-http://127.0.0.1:8080/}

login=$(curl -sS "$url" --form-string service=App.Sip_Auth.Login \
    --form-string "appid=$PLAYVOICE_APPID" --form-string "accesskey=$PLAYVOICE_ACCESSKEY")
token=$(printf '%s' "$login" | sed -n 's/.*"token":"\([0-9a-f]*\)".*/\1/p')
if [ -z "$token" ]; then
    echo "$login" >&2
    exit 1
fi

curl -sS -D /dev/stderr "$url" \
    -H "Idempotency-Key: invoice-4711-$1" \
    --form-string service=App.Sip_Call.PlayVoice \
    --form-string "token=$token" \
    --form-string "destnumber=$1" \
    --form-string voicetype=2 \
    --form-string voicefile=https://www.example.com/notice.mp3 \
    --form-string chengshudu=1 \
    --form-string userid=1@extGroup-1
