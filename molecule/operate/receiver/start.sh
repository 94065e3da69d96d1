#!/bin/sh
# Starts the receiver in a network namespace, with a certificate for Telegram's name that this server trusts.
set -e
cd /opt/receiver
grep -q telegram /etc/hosts || echo 10.99.0.2 api.telegram.org >> /etc/hosts
if [ ! -e certificate.pem ]; then
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout key.pem -out certificate.pem -days 30 \
    -subj /CN=api.telegram.org -addext subjectAltName=DNS:api.telegram.org
  cp certificate.pem /usr/local/share/ca-certificates/receiver.crt
  update-ca-certificates
fi
if [ ! -e /run/netns/receiver ]; then
  ip netns add receiver
  ip link add receiver0 type veth peer name inside netns receiver
  ip address add 10.99.0.1/30 dev receiver0
  ip link set receiver0 up
  ip -n receiver address add 10.99.0.2/30 dev inside
  ip -n receiver link set inside up
fi
exec ip netns exec receiver python3 receiver.py messages.jsonl
