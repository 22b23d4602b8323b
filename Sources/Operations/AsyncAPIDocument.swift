import AMQPClient
public import Detainers

/// The AsyncAPI 3 document of all exchanges, queues and messages, made from the topology and the contracts.
public struct AsyncAPIDocument: Sendable {
    public static let fileName = "detainer.asyncapi.json"

    private let topology: Topology

    public init(_ topology: Topology) { self.topology = topology }

    public var json: JSONValue {
        [
            "asyncapi": "3.0.0",
            "info": [
                "title": "detainer-worker", "version": "1.0.0",
                "description": .string(Self.introduction),
                "license": ["name": "Apache-2.0"],
            ],
            "defaultContentType": "application/json",
            "servers": [
                "broker": [
                    "host": "{host}:{port}", "protocol": "amqps", "protocolVersion": "0-9-1",
                    "description": "RabbitMQ; amqp without TLS on port 5672 where the network is trusted",
                    "variables": ["host": ["default": "localhost"], "port": ["default": "5671"]],
                ]
            ],
            "channels": channels, "operations": operations,
            "components": ["messages": messages],
        ]
    }

    private static let introduction =
        "Requests and records come in through one exchange; events go out through another; what could not be read or "
        + "decided waits as a dead letter. Names are those of the default settings. Publish persistent, mandatory and "
        + "with publisher confirms: a message is handed over once the broker has confirmed it and did not return it. "
        + "Without a confirm send it again, the same id and the same content: the same message twice has no second "
        + "effect."

    // MARK: - channels

    private var channels: JSONValue {
        let parts = [
            (
                0, "{contract}", ["request", "record"],
                [
                    "contract": parameter("request or record; the queue takes any key", ["request", "record"])
                ] as JSONValue
            ),
            (
                1, "{kind}.{jurisdiction}.{word}", ["outcomeEvent", "recordEvent"],
                [
                    "kind": parameter("what the event tells of", ["outcome", "record"]),
                    "jurisdiction": parameter("the jurisdiction, as its policies name it"),
                    "word": parameter(
                        "the disposition of an outcome, the kind of a record",
                        Disposition.allCases.map(\.rawValue) + CaseKind.allCases.map(\.rawValue)),
                ]
            ),
            (2, "{author}", ["deadLetter"], ["author": parameter("who gave it up", ["worker", "broker"])]),
        ]
        var members = parts.map { position, address, messages, parameters in
            channel(topology.exchanges[position], address: address, messages: messages, parameters: parameters)
        }
        members += topology.requestQueues.map { channel($0, messages: ["request", "record"]) }
        members.append(channel(topology.deadLetterQueue, messages: ["deadLetter"]))
        members.append(channel(topology.reportQueue, messages: ["outcomeEvent", "recordEvent"]))
        members.append(replyChannel)
        return .object(members)
    }

    private func parameter(_ description: String, _ words: [String]? = nil) -> JSONValue {
        var members = [JSONMember(name: "description", value: .string(description))]
        if let words { members.append(JSONMember(name: "enum", value: .array(words.map(JSONValue.string)))) }
        return .object(members)
    }

    private func channel(
        _ exchange: Topology.Exchange, address: String, messages: [String], parameters: JSONValue
    ) -> JSONMember {
        JSONMember(
            name: exchange.name,
            value: [
                "address": .string(address), "title": .string("exchange \(exchange.name)"),
                "messages": references(messages), "parameters": parameters,
                "bindings": [
                    "amqp": [
                        "is": "routingKey",
                        "exchange": [
                            "name": .string(exchange.name), "type": .string(exchange.type), "durable": true,
                            "autoDelete": false,
                        ], "bindingVersion": "0.3.0",
                    ]
                ],
            ])
    }

    private func channel(_ queue: Topology.Queue, messages: [String]) -> JSONMember {
        let bindings = topology.bindings.filter { $0.kind == .queue && $0.destination == queue.name }.map {
            binding -> JSONValue in
            ["exchange": .string(binding.exchange), "routingKey": .string(binding.routingKey)]
        }
        let arguments = queue.arguments.map { JSONMember(name: $0.0, value: Self.argument($0.1)) }
        return JSONMember(
            name: queue.name,
            value: [
                "address": .string(queue.name), "title": .string("queue \(queue.name)"),
                "messages": references(messages),
                "bindings": [
                    "amqp": [
                        "is": "queue",
                        "queue": [
                            "name": .string(queue.name), "durable": true, "exclusive": false, "autoDelete": false,
                        ], "bindingVersion": "0.3.0",
                    ]
                ],
                "x-arguments": .object(arguments), "x-bound-to": .array(bindings),
            ])
    }

    private var replyChannel: JSONMember {
        JSONMember(
            name: Self.replyChannelName,
            value: [
                "address": .null, "title": "the queue that a sender names",
                "description": .string(
                    "The queue in the property reply_to of a message that also has correlation_id, through the default "
                        + "exchange; only where the setting worker.replies is yes."),
                "messages": references(["reply"]),
            ])
    }

    private static let replyChannelName = "replies"

    private static func argument(_ value: FieldValue) -> JSONValue {
        switch value {
        case .string(let text): return .string(text)
        case .int(let number): return .number(String(number))
        default: preconditionFailure("a queue's arguments are texts and numbers")
        }
    }

    private func references(_ messages: [String]) -> JSONValue {
        .object(messages.map { JSONMember(name: $0, value: reference("components", "messages", $0)) })
    }

    private func reference(_ parts: String...) -> JSONValue {
        ["$ref": .string("#/" + parts.joined(separator: "/"))]
    }

    // MARK: - operations

    private var operations: JSONValue {
        [
            "take": operation(
                "receive", topology.queues[0].name, ["request", "record"],
                "A worker takes messages, and acknowledges each after its record is on disk and its event is confirmed.",
                ["ack": true, "bindingVersion": "0.3.0"]),
            "announce": operation(
                "send", topology.exchanges[1].name, ["outcomeEvent", "recordEvent"],
                "A worker publishes an event for each outcome and record, at least once, with a stable id.",
                ["deliveryMode": 2, "mandatory": true, "bindingVersion": "0.3.0"]),
            "giveUp": operation(
                "send", topology.exchanges[2].name, ["deadLetter"],
                "A worker publishes what it could not read or decide, then acknowledges it.",
                ["deliveryMode": 2, "mandatory": true, "bindingVersion": "0.3.0"]),
            "reply": operation(
                "send", Self.replyChannelName, ["reply"],
                "A worker tells a sender what became of its message, once and without waiting: a reply may be lost.",
                ["deliveryMode": 1, "mandatory": true, "bindingVersion": "0.3.0"]),
        ]
    }

    private func operation(
        _ action: String, _ channel: String, _ messages: [String], _ summary: String, _ binding: JSONValue
    ) -> JSONValue {
        [
            "action": .string(action), "channel": reference("channels", channel), "summary": .string(summary),
            "messages": .array(messages.map { reference("channels", channel, "messages", $0) }),
            "bindings": ["amqp": binding],
        ]
    }
}

// MARK: - messages

extension AsyncAPIDocument {
    private var messages: JSONValue {
        [
            "request": message(.request, id: "requestId"), "record": message(.record, id: "recordId"),
            "outcomeEvent": event(.outcomeEvent), "recordEvent": event(.recordEvent), "deadLetter": deadLetter,
            "reply": reply,
        ]
    }

    private func payload(_ contract: Contract) -> JSONValue {
        [
            "schemaFormat": "application/schema+json;version=draft-2020-12",
            "schema": ["$ref": .string("./" + contract.fileName)],
        ]
    }

    private func message(_ contract: Contract, id: String) -> JSONValue {
        [
            "name": .string(contract.name), "title": .string(contract.title), "summary": .string(contract.summary),
            "contentType": "application/json", "payload": payload(contract),
            "headers": [
                "type": "object",
                "properties": [
                    "traceparent": ["type": "string", "description": "W3C Trace Context; goes on with the event"],
                    MessageSignature.keyHeader: [
                        "type": "string", "description": "id of the publisher's key, where signatures are demanded",
                    ],
                    MessageSignature.header: [
                        "type": "string", "description": "Ed25519 (RFC 8032) over the body, byte for byte, in base64",
                    ],
                ],
            ],
            "bindings": [
                "amqp": [
                    "messageType": .string(contract.name), "bindingVersion": "0.3.0",
                ]
            ],
            "x-properties": [
                "message_id": .string("the member \(id); may be absent, must not differ"),
                "content_type": .string(
                    "\(IntakeForm.messageType), or absent; \(IntakeForm.eventType): the body is a CloudEvents 1.0 object "
                        + "and the message its data"),
                "content_encoding": "absent, utf-8 or identity; gzip: the body is one gzip member (RFC 1952)",
                "delivery_mode": "2, persistent",
                "type": .string("\(contract.name), or absent"),
                "reply_to": "a queue, where the sender wants a reply; with correlation_id",
                "correlation_id": "what the reply carries",
            ],
            "x-maximum-body-bytes": .number(String(RequestContract.maximumBodyBytes)),
            "x-refused-as": .array(DeadLetterReason.allCases.filter(\.isForSender).map { .string($0.rawValue) }),
        ]
    }

    private func event(_ contract: Contract) -> JSONValue {
        [
            "name": .string(contract.name), "title": .string(contract.title), "summary": .string(contract.summary),
            "contentType": .string(LedgerEvent.contentType), "payload": payload(contract),
            "headers": ["type": "object", "properties": ["traceparent": ["type": "string"]]],
            "bindings": ["amqp": ["messageType": .string(contract.name), "bindingVersion": "0.3.0"]],
            "x-properties": ["message_id": "the event's id", "delivery_mode": "2, persistent"],
        ]
    }

    private var reply: JSONValue {
        let contract = Contract.reply
        return [
            "name": .string(contract.name), "title": .string(contract.title), "summary": .string(contract.summary),
            "contentType": .string(IntakeForm.messageType), "payload": payload(contract),
            "bindings": ["amqp": ["messageType": .string(contract.name), "bindingVersion": "0.3.0"]],
            "x-properties": [
                "correlation_id": "the message's", "expiration": "a day, in milliseconds", "delivery_mode": "absent",
            ],
        ]
    }

    private var deadLetter: JSONValue {
        let properties = DeadLetter.headerMeanings.map { name, meaning in
            var value: [JSONMember] = [
                JSONMember(name: "type", value: "string"), JSONMember(name: "description", value: .string(meaning)),
            ]
            if name == "x-detainer-reason" {
                let words = DeadLetterReason.allCases.map { JSONValue.string($0.rawValue) }
                value.append(JSONMember(name: "enum", value: .array(words)))
            }
            return JSONMember(name: name, value: .object(value))
        }
        return [
            "name": "dead letter", "title": "A message that could not become an outcome",
            "summary":
                "The body as it was, and why, where and when it died. A letter of the broker has no such headers.",
            "contentType": "application/octet-stream",
            "headers": ["type": "object", "properties": .object(properties)],
            "payload": ["description": "the body of the message, byte for byte; it may name persons"],
            "bindings": ["amqp": ["bindingVersion": "0.3.0"]],
            "x-reasons": .object(
                DeadLetterReason.allCases.map { JSONMember(name: $0.rawValue, value: .string($0.meaning)) }),
        ]
    }
}
