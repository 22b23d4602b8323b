// Publishes messages to the intake as a careful sender does.
//
//	DETAINER_BROKER_URL=amqp://… publish [-key FILE] FILE…     JSON Lines; - is standard input
//
// Each message is persistent and mandatory and waits for the broker's confirm; its message id is the id in its body, so
// that what is sent twice counts once. On a lost connection, a refusal or a return it waits and tries again, with the
// same id and the same bytes. With -key (made by `detainer intake keygen`) it signs what it sends.
//
// Needs Debian's golang-github-rabbitmq-amqp091-go-dev; built without modules:
//
//	GOPATH=/usr/share/gocode GO111MODULE=off go build -o publish deploy/clients/publish.go
package main

import (
	"bufio"
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand"
	"os"
	"strings"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

const (
	// The first wait, doubled each time up to the longest: a broker that comes back is not met by all senders at once.
	firstWait   = 500 * time.Millisecond
	longestWait = 30 * time.Second
	// After some ten minutes a person should look.
	attempts = 25
	// The broker confirms in milliseconds; it is busy or gone when that long nothing comes.
	patience = 30 * time.Second
	// More than the contract takes, so that the broker's side tells what is too large.
	longestLine = 16 << 20
)

// signer signs with Ed25519 over the body, byte for byte.
type signer struct {
	id  string
	key ed25519.PrivateKey
}

func readSigner(path string) (*signer, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	words := strings.Fields(string(text))
	if len(words) != 3 || words[0] != "detainer-publisher-key/1" {
		return nil, fmt.Errorf("%s: is no publisher's key", path)
	}
	seed, err := base64.StdEncoding.DecodeString(words[2])
	if err != nil || len(seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("%s: is no publisher's key", path)
	}
	return &signer{words[1], ed25519.NewKeyFromSeed(seed)}, nil
}

func (s *signer) headers(body []byte) amqp.Table {
	if s == nil {
		return nil
	}
	signature := base64.StdEncoding.EncodeToString(ed25519.Sign(s.key, body))
	return amqp.Table{"detainer-signature-key": s.id, "detainer-signature": signature}
}

func publishing(body []byte, s *signer) (amqp.Publishing, error) {
	var message struct{ Schema, RequestID, RecordID string }
	if err := json.Unmarshal(body, &message); err != nil {
		return amqp.Publishing{}, errors.New("a message is no JSON")
	}
	id := message.RequestID
	if strings.HasPrefix(message.Schema, "detainer.record/") {
		id = message.RecordID
	}
	return amqp.Publishing{
		ContentType: "application/json", DeliveryMode: amqp.Persistent, MessageId: id, Type: message.Schema,
		Headers: s.headers(body), Body: body,
	}, nil
}

type publisher struct {
	url, exchange string
	connection    *amqp.Connection
	channel       *amqp.Channel
	confirms      chan amqp.Confirmation
	returns       chan amqp.Return
}

func (p *publisher) open() error {
	if p.channel != nil {
		return nil
	}
	var err error
	if p.connection, err = amqp.Dial(p.url); err != nil {
		return err
	}
	if p.channel, err = p.connection.Channel(); err != nil {
		return err
	}
	p.confirms = p.channel.NotifyPublish(make(chan amqp.Confirmation, 1))
	p.returns = p.channel.NotifyReturn(make(chan amqp.Return, 1))
	return p.channel.Confirm(false)
}

func (p *publisher) close() {
	if p.connection != nil {
		// One that is gone already cannot be closed.
		_ = p.connection.Close()
	}
	p.connection, p.channel = nil, nil
}

// once hands a message over; the broker has it in a queue when this returns nil.
func (p *publisher) once(message amqp.Publishing) error {
	if err := p.open(); err != nil {
		return err
	}
	if err := p.channel.Publish(p.exchange, "request", true, false, message); err != nil {
		return err
	}
	select {
	case confirm, isOpen := <-p.confirms:
		if !isOpen {
			return errors.New("the channel was closed")
		}
		if !confirm.Ack {
			return errors.New("the broker did not take it")
		}
	case <-time.After(patience):
		return errors.New("no confirm came")
	}
	// A return comes before its confirm.
	select {
	case <-p.returns:
		return errors.New("it was returned: no queue takes it")
	default:
		return nil
	}
}

func (p *publisher) publish(message amqp.Publishing) error {
	wait := firstWait
	for attempt := 1; ; attempt++ {
		err := p.once(message)
		if err == nil {
			return nil
		}
		p.close()
		// The body may name a person: only its id is told.
		fmt.Fprintf(os.Stderr, "%s: %v, tried %d times\n", message.MessageId, err, attempt)
		if attempt == attempts {
			return fmt.Errorf("%s: given up; run this again, what was sent counts once", message.MessageId)
		}
		time.Sleep(wait/2 + time.Duration(rand.Int63n(int64(wait/2))))
		if wait *= 2; wait > longestWait {
			wait = longestWait
		}
	}
}

func setting(name, usual string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return usual
}

func run() error {
	keyFile := flag.String("key", "", "the publisher's key")
	flag.Parse()
	var sign *signer
	if *keyFile != "" {
		var err error
		if sign, err = readSigner(*keyFile); err != nil {
			return err
		}
	}
	rand.Seed(time.Now().UnixNano())
	publisher := &publisher{
		url:      setting("DETAINER_BROKER_URL", "amqp://guest:guest@127.0.0.1:5672/"),
		exchange: setting("DETAINER_TOPOLOGY_INTAKE_EXCHANGE", "detainer.intake"),
	}
	defer publisher.close()
	count := 0
	for _, path := range flag.Args() {
		var file io.Reader = os.Stdin
		if path != "-" {
			opened, err := os.Open(path)
			if err != nil {
				return err
			}
			defer opened.Close()
			file = opened
		}
		lines := bufio.NewScanner(file)
		lines.Buffer(nil, longestLine)
		for lines.Scan() {
			body := bytes.TrimSpace(lines.Bytes())
			if len(body) == 0 {
				continue
			}
			message, err := publishing(body, sign)
			if err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
			if err := publisher.publish(message); err != nil {
				return err
			}
			count++
		}
		if err := lines.Err(); err != nil {
			return err
		}
	}
	fmt.Printf("%d confirmed\n", count)
	return nil
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
