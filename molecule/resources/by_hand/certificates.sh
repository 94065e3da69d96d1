#!/bin/sh
# Make the certificates of a server set up by hand, 90 days long, each vouching for itself.
# Usage: certificates.sh plain|certbot unknown|trusted
set -eu
etc=/etc/letsencrypt
for name in rare-books.ru messenger.rare-books.ru; do
    live=$etc/live/$name
    place=$live number=
    if [ "$1" = certbot ]; then
        place=$etc/archive/$name number=1
    fi
    mkdir -p "$live" "$place"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 90 -subj "/CN=$name" \
        -addext "subjectAltName=DNS:$name,DNS:www.$name" \
        -keyout "$place/privkey$number.pem" -out "$place/fullchain$number.pem"
    if [ "$1" = certbot ]; then
        for part in fullchain privkey; do
            ln -s "../../archive/$name/${part}1.pem" "$live/$part.pem"
        done
        mkdir -p $etc/renewal
        cat >"$etc/renewal/$name.conf" <<END
# renew_before_expiry = 30 days
version = 2.9.0
archive_dir = $etc/archive/$name
privkey = $live/privkey.pem
fullchain = $live/fullchain.pem

[renewalparams]
account = 00000000000000000000000000000000
authenticator = webroot
webroot_path = /var/www/certbot,
server = https://acme-v02.api.letsencrypt.org/directory
key_type = ecdsa
END
    fi
    if [ "$2" = trusted ]; then
        cp "$live/fullchain.pem" "/usr/local/share/ca-certificates/$name.crt"
    fi
done
if [ "$2" = trusted ]; then
    update-ca-certificates
fi
