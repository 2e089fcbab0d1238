// A program that reads with Go's net/textproto, as Go's POP3 modules do: ADDRESS USER. It deletes the first.
package main

import (
	"fmt"
	"io"
	"net/mail"
	"net/textproto"
	"os"
	"strings"
)

func main() {
	connection, err := textproto.Dial("tcp", os.Args[1])
	check(err)
	ask := func(command string, arguments ...any) string {
		if command != "" {
			check(connection.PrintfLine(command, arguments...))
		}
		line, err := connection.ReadLine()
		check(err)
		if !strings.HasPrefix(line, "+OK") {
			panic(line)
		}
		return line
	}
	ask("")
	ask("USER %s", os.Args[2])
	ask("PASS any password")
	ask("UIDL")
	uids, err := connection.ReadDotLines()
	check(err)
	for number := range uids {
		ask("RETR %d", number+1)
		message, err := mail.ReadMessage(connection.DotReader())
		check(err)
		body, err := io.ReadAll(message.Body)
		check(err)
		fmt.Println(message.Header.Get("Subject"), len(body))
	}
	ask("DELE 1")
	ask("QUIT")
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
