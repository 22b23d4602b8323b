package main

import (
	"encoding/json"
	"fmt"
)

// request is what the decision needs of a request; the rest of the message is skipped.
type request struct {
	Schema     string `json:"schema"`
	RequestID  string `json:"requestId"`
	Revision   int    `json:"revision"`
	ReceivedBy struct {
		Agency  string `json:"agency"`
		Station string `json:"station"`
	} `json:"receivedBy"`
	Receipt struct {
		Channel    string `json:"channel"`
		ReceivedAt string `json:"receivedAt"`
	} `json:"receipt"`
	Form struct {
		Kind          string   `json:"kind"`
		FormDate      string   `json:"formDate"`
		ProbableCause []string `json:"probableCause"`
		Asks          struct {
			Hold     string `json:"hold"`
			Transfer string `json:"transfer"`
			Notice   string `json:"notice"`
		} `json:"asks"`
	} `json:"form"`
	Custody struct {
		Status string `json:"status"`
	} `json:"custody"`
	Attachments []struct {
		Kind     string `json:"kind"`
		Issuer   string `json:"issuer"`
		Standing string `json:"standing"`
	} `json:"attachments"`
}

type answer struct {
	Answer string `json:"answer"`
	Rule   string `json:"rule"`
}

// outcome is a line of the file, and the data of an event.
type outcome struct {
	RequestID     string            `json:"requestId"`
	Revision      int               `json:"revision"`
	Agency        string            `json:"agency"`
	Station       string            `json:"station,omitempty"`
	Channel       string            `json:"channel"`
	ReceivedAt    string            `json:"receivedAt,omitempty"`
	FormKind      string            `json:"formKind"`
	FormDate      string            `json:"formDate,omitempty"`
	ProbableCause []string          `json:"probableCause,omitempty"`
	CustodyStatus string            `json:"custodyStatus,omitempty"`
	Disposition   string            `json:"disposition"`
	Answers       map[string]answer `json:"answers"`
	ReportLine    string            `json:"reportLine"`
	Facts         map[string]string `json:"facts"`
}

func read(body []byte) (*request, error) {
	read := &request{Revision: 1}
	if err := json.Unmarshal(body, read); err != nil {
		return nil, err
	}
	if read.Schema != "detainer.request/1" || read.RequestID == "" || read.ReceivedBy.Agency == "" {
		return nil, fmt.Errorf("schema, requestId or receivedBy.agency is missing")
	}
	return read, nil
}

// paper tells how the best of the papers of those kinds stands.
func (r *request) paper(kinds ...string) string {
	standing := "none"
	for _, attachment := range r.Attachments {
		for _, kind := range kinds {
			if attachment.Kind != kind || attachment.Issuer != "judge" {
				continue
			}
			switch attachment.Standing {
			case "verified":
				return "verified"
			default:
				standing = "claimed"
			}
		}
	}
	return standing
}

func decideOne(prefix, asked, paper string) answer {
	switch {
	case asked == "no":
		return answer{"not_asked", prefix + "1"}
	case paper == "verified":
		return answer{"refer", prefix + "3"}
	case paper == "claimed" && prefix != "N":
		return answer{"refer", prefix + "4"}
	default:
		return answer{"decline", prefix + "2"}
	}
}

// decide answers as Boston's policy of 2019 does.
func decide(r *request) *outcome {
	warrant := r.paper("criminal-warrant")
	order := r.paper("criminal-warrant", "judicial-order")
	answers := map[string]answer{
		"hold":     decideOne("H", r.Form.Asks.Hold, warrant),
		"transfer": decideOne("T", r.Form.Asks.Transfer, order),
		"notify":   decideOne("N", r.Form.Asks.Notice, order),
	}
	disposition := "nothing_asked"
	for _, answer := range answers {
		if answer.Answer == "refer" {
			disposition = "referred"
			break
		}
		if answer.Answer == "decline" {
			disposition = "not_acted_upon"
		}
	}
	line := "item 1"
	if r.Form.Kind == "I-247N" || r.Form.Kind == "I-247G" {
		line = "other requests"
	}
	return &outcome{
		RequestID: r.RequestID, Revision: r.Revision, Agency: r.ReceivedBy.Agency, Station: r.ReceivedBy.Station,
		Channel: r.Receipt.Channel, ReceivedAt: r.Receipt.ReceivedAt, FormKind: r.Form.Kind,
		FormDate: r.Form.FormDate, ProbableCause: r.Form.ProbableCause, CustodyStatus: r.Custody.Status,
		Disposition: disposition, Answers: answers, ReportLine: line,
		Facts: map[string]string{
			"form": r.Form.Kind, "asks hold": r.Form.Asks.Hold, "asks transfer": r.Form.Asks.Transfer,
			"asks notice": r.Form.Asks.Notice, "criminal warrant": warrant, "judicial order": order,
		},
	}
}
