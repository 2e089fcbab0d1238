// An application that sends with Go's net/smtp, first without a login, then with one: HOST:PORT TO.
//
// smtp.SendMail uses STARTTLS where it is offered, and verifies the certificate. smtp.PlainAuth says no password
// without TLS but to localhost, so applications for test servers tell it that there is TLS.
package main

import (
	"log"
	"net"
	"net/smtp"
	"os"
)

type plainAuth struct{ smtp.Auth }

func (auth plainAuth) Start(server *smtp.ServerInfo) (string, []byte, error) {
	secure := *server
	secure.TLS = true
	return auth.Auth.Start(&secure)
}

func main() {
	address, to := os.Args[1], os.Args[2]
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		log.Fatal(err)
	}
	login := plainAuth{smtp.PlainAuth("", "app", "any password", host)}
	for _, auth := range []smtp.Auth{nil, login} {
		message := []byte("Subject: net/smtp\r\n\r\nHello.\r\n")
		if err := smtp.SendMail(address, auth, "app@sender.example", []string{to}, message); err != nil {
			log.Fatal(err)
		}
	}
}
