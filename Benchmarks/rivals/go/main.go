// The same work in Go: two goroutines, so that while one batch waits for its confirms the next is decided and synced.
//
//	worker URL QUEUE EXCHANGE ROUTING-KEY FILE PREFETCH EVENT-BYTES
//
// Takes what has arrived, decides each request, appends the outcomes to the file, syncs once a batch, publishes an
// event for each (persistent, mandatory, padded to EVENT-BYTES), waits for all confirms and acknowledges all at once.
// Leaves on SIGTERM, when what it took is settled.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

type worker struct {
	exchange, routingKey string
	prefetch, eventBytes int
	file                 *os.File
	consumer, publisher  *amqp.Channel
	confirmations        chan amqp.Confirmation
	returns              chan amqp.Return
}

// recorded is a batch that is on the disk.
type recorded struct {
	outcomes []*outcome
	last     amqp.Delivery
}

type event struct {
	SpecVersion     string   `json:"specversion"`
	ID              string   `json:"id"`
	Source          string   `json:"source"`
	Type            string   `json:"type"`
	Subject         string   `json:"subject"`
	Time            string   `json:"time"`
	DataContentType string   `json:"datacontenttype"`
	Data            *outcome `json:"data"`
}

// gather waits for a delivery and takes what else has arrived.
func gather(ctx context.Context, deliveries <-chan amqp.Delivery, limit int) []amqp.Delivery {
	var batch []amqp.Delivery
	select {
	case <-ctx.Done():
		return nil
	case delivery, ok := <-deliveries:
		if !ok {
			return nil
		}
		batch = append(batch, delivery)
	}
	for len(batch) < limit {
		select {
		case delivery, ok := <-deliveries:
			if !ok {
				return batch
			}
			batch = append(batch, delivery)
		default:
			return batch
		}
	}
	return batch
}

// record decides a batch, appends its outcomes and syncs them.
func (w *worker) record(batch []amqp.Delivery) (*recorded, error) {
	result := &recorded{last: batch[len(batch)-1]}
	writer := bufio.NewWriterSize(w.file, 1<<20)
	lines := json.NewEncoder(writer)
	for _, delivery := range batch {
		request, err := read(delivery.Body)
		if err != nil {
			return nil, fmt.Errorf("a message cannot be read: %w", err)
		}
		outcome := decide(request)
		if err := lines.Encode(outcome); err != nil {
			return nil, err
		}
		result.outcomes = append(result.outcomes, outcome)
	}
	if err := writer.Flush(); err != nil {
		return nil, err
	}
	return result, syscall.Fdatasync(int(w.file.Fd()))
}

func (w *worker) event(o *outcome, at time.Time) ([]byte, error) {
	e := event{
		SpecVersion: "1.0", ID: "outcome-" + o.RequestID, Source: "/rival/go", Type: "detainer.outcome.1",
		Subject: o.RequestID, Time: at.UTC().Format(time.RFC3339Nano), DataContentType: "application/json", Data: o,
	}
	body, err := json.Marshal(e)
	const member = len(`,"padding":""`)
	if err != nil || len(body)+member >= w.eventBytes {
		return body, err
	}
	padding := strings.Repeat("x", w.eventBytes-len(body)-member)
	// Data is the last member: the padding becomes its last one, without marshalling twice.
	return append(append(append(body[:len(body)-2], `,"padding":"`...), padding...), `"}}`...), nil
}

// announce publishes the events of a batch, waits for their confirms and acknowledges its deliveries.
func (w *worker) announce(ctx context.Context, batch *recorded) error {
	at := time.Now()
	for _, outcome := range batch.outcomes {
		body, err := w.event(outcome, at)
		if err != nil {
			return err
		}
		err = w.publisher.PublishWithContext(
			ctx, w.exchange, w.routingKey, true, false,
			amqp.Publishing{
				ContentType: "application/cloudevents+json", DeliveryMode: amqp.Persistent,
				MessageId: outcome.RequestID, Body: body,
			})
		if err != nil {
			return err
		}
	}
	// In order of publishing, one each. Deferred confirmations would read better, but in version 1.5 an answer that comes
	// before its publication is entered is never seen.
	for range batch.outcomes {
		if confirmation, ok := <-w.confirmations; !ok || !confirmation.Ack {
			return fmt.Errorf("the broker refused an event")
		}
	}
	select {
	case returned := <-w.returns:
		return fmt.Errorf("an event was returned: %s", returned.ReplyText)
	default:
	}
	return batch.last.Ack(true)
}

func (w *worker) run(ctx context.Context, queue string) error {
	if err := w.consumer.Qos(w.prefetch, 0, false); err != nil {
		return err
	}
	unbuffered, err := w.consumer.Consume(queue, "", false, false, false, false, nil)
	if err != nil {
		return err
	}
	// What has arrived is seen only in a channel that holds it.
	deliveries := make(chan amqp.Delivery, w.prefetch)
	go func() {
		defer close(deliveries)
		for delivery := range unbuffered {
			deliveries <- delivery
		}
	}()
	batches := make(chan *recorded, 1)
	failed := make(chan error, 1)
	go func() {
		defer close(batches)
		for {
			batch := gather(ctx, deliveries, w.prefetch)
			if batch == nil {
				return
			}
			result, err := w.record(batch)
			if err != nil {
				failed <- err
				return
			}
			batches <- result
		}
	}()
	for batch := range batches {
		if err := w.announce(context.Background(), batch); err != nil {
			return err
		}
	}
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}

func dial(url string) (*amqp.Connection, *amqp.Channel, error) {
	connection, err := amqp.Dial(url)
	if err != nil {
		return nil, nil, err
	}
	channel, err := connection.Channel()
	return connection, channel, err
}

func main() {
	log.SetFlags(0)
	if len(os.Args) != 8 {
		log.Fatal("usage: worker URL QUEUE EXCHANGE ROUTING-KEY FILE PREFETCH EVENT-BYTES")
	}
	numbers := make([]int, 2)
	for index, text := range os.Args[6:] {
		number, err := strconv.Atoi(text)
		if err != nil {
			log.Fatal(err)
		}
		numbers[index] = number
	}
	file, err := os.OpenFile(os.Args[5], os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		log.Fatal(err)
	}
	w := &worker{
		exchange: os.Args[3], routingKey: os.Args[4], file: file, prefetch: numbers[0], eventBytes: numbers[1],
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	var consuming, publishing *amqp.Connection
	if consuming, w.consumer, err = dial(os.Args[1]); err != nil {
		log.Fatal(err)
	}
	if publishing, w.publisher, err = dial(os.Args[1]); err != nil {
		log.Fatal(err)
	}
	if err := w.publisher.Confirm(false); err != nil {
		log.Fatal(err)
	}
	w.confirmations = w.publisher.NotifyPublish(make(chan amqp.Confirmation, w.prefetch))
	w.returns = w.publisher.NotifyReturn(make(chan amqp.Return, w.prefetch))
	if err := w.run(ctx, os.Args[2]); err != nil {
		log.Fatal(err)
	}
	for _, connection := range []*amqp.Connection{consuming, publishing} {
		if err := connection.Close(); err != nil {
			log.Fatal(err)
		}
	}
	if err := file.Close(); err != nil {
		log.Fatal(err)
	}
}
