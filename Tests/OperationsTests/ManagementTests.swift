import Detainers
import Foundation
import Testing

@testable import Operations

struct ManagementTests {
    private func json(_ text: String) throws -> JSONValue { try JSONValue.parse(Array(text.utf8)) }

    @Test func anAddressHidesItsPasswordAndEncodesTheVirtualHost() throws {
        let address = try ManagementAddress(url: "http://monitor:p%40ss@broker.example:15672/")
        #expect("\(address)" == "http://broker.example:15672")
        #expect((address.user, address.password) == ("monitor", "p@ss"))
        #expect(
            try address.url(["queues", "/", "a b%é"]).absoluteString
                == "http://broker.example:15672/api/queues/%2F/a%20b%25%C3%A9")
        #expect(try ManagementAddress(url: "https://u@h", password: "x").base == "https://h:15671")
        #expect(try ManagementAddress(url: "https://u@h", password: "x").password == "x")
        for wrong in ["amqp://h:1", "http://", "http://h/path", "http://h?x=1", "nonsense"] {
            let error = #expect(throws: ManagementError.self) { try ManagementAddress(url: wrong) }
            #expect(error?.code == .invalidAddress && error?.message.contains("nonsense") == false)
        }
    }

    @Test func anAnswerIsReadOrSaysInOneSentenceWhyNot() throws {
        let address = try ManagementAddress(url: "http://monitor:SECRET@h:1")
        func code(_ answer: ManagementClient.Answer) -> ManagementError.Code? {
            do throws(ManagementError) {
                _ = try ManagementClient.value(answer, from: address)
                return nil
            } catch {
                #expect(!error.message.contains("SECRET") && error.message.contains("http://h:1"))
                return error.code
            }
        }
        #expect(code(.complete(status: 200, body: Array("{}".utf8))) == nil)
        #expect(code(.complete(status: 200, body: Array("<html>".utf8))) == .unreadable)
        #expect(code(.complete(status: 302, body: [])) == .unreadable)
        #expect(code(.complete(status: 401, body: [])) == .refused)
        #expect(code(.complete(status: 403, body: [])) == .refused)
        #expect(code(.complete(status: 404, body: [])) == .notFound)
        #expect(code(.tooLarge) == .unreadable)
        #expect(code(.failed("refused")) == .unreachable)
    }

    @Test func whereNobodyListensTheClientSaysSo() async throws {
        let client = ManagementClient(try ManagementAddress(url: "http://u:SECRET@127.0.0.1:1"))
        let error = await #expect(throws: ManagementError.self) { try await client.get("overview") }
        #expect(error?.code == .unreachable && error?.message.contains("SECRET") == false)
    }

    @Test func aQueueIsReadWithItsPolicyItsConsumersAndItsRates() throws {
        let queue = try #require(
            QueueDetail(
                json: try json(
                    """
                    {"name":"q","type":"quorum","arguments":{"x-delivery-limit":200},"policy":"p","operator_policy":null,
                    "effective_policy_definition":{"message-ttl":60000},"messages_ready":3,"messages_unacknowledged":2,
                    "consumers":1,"members":["a","b","c"],"online":["a","b"],"delivery_limit":200,
                    "consumer_details":[{"consumer_tag":"w1","prefetch_count":512,"active":false,
                    "channel_details":{"name":"1.2.3.4:5 (1)","connection_name":"1.2.3.4:5"}}],
                    "message_stats":{"publish_details":{"rate":1.5},"ack_details":{"rate":0.0}}}
                    """)))
        #expect((queue.ready, queue.unacknowledged, queue.consumerCount) == (3, 2, 1))
        #expect(queue[argument: "x-delivery-limit"] == 200 && queue[policy: "message-ttl"] == 60_000)
        #expect(queue.policy == "p" && queue.operatorPolicy == nil && queue.online == ["a", "b"])
        #expect((queue.publishRate, queue.acknowledgeRate) == ("1.5", "0.0"))
        #expect(
            queue.consumers == [
                .init(tag: "w1", channel: "1.2.3.4:5 (1)", connection: "1.2.3.4:5", prefetch: 512, isActive: false)
            ])
        let bare = try #require(
            QueueDetail(json: try json(#"{"name":"q","effective_policy_definition":[],"messages_ready":"unknown"}"#)))
        // With its statistics turned off the API tells no consumers, which is not none.
        #expect(queue.tellsConsumers && !bare.tellsConsumers)
        #expect(bare.ready == nil && bare.effectivePolicy == [] && bare.consumers.isEmpty)
        // A queue that was made just now has no counts and no policy yet.
        #expect(QueueDetail(json: ["name": "q"])?.effectivePolicy == .some(nil))
        #expect(QueueDetail(json: []) == nil)
    }

    @Test func nodesVersionsBindingsAndRightsAreRead() throws {
        let overview = BrokerOverview(
            json: try json(#"{"rabbitmq_version":"3.10.8","erlang_version":"25","cluster_name":"c"}"#))
        #expect(overview?.version == "3.10.8" && overview?.product == "RabbitMQ")
        let node = try #require(
            BrokerNode(
                json: try json(
                    #"{"name":"n","running":true,"disk_free":10,"disk_free_limit":5,"disk_free_alarm":false,"#
                        + #""mem_alarm":true,"fd_used":1,"fd_total":2,"partitions":["m"]}"#)))
        #expect(node.hasMemoryAlarm && !node.hasDiskAlarm && node.partitions == ["m"] && node.freeDiskBytes == 10)
        let bindings = [ExchangeBinding](
            json: [
                ["destination": "q", "destination_type": "queue", "routing_key": "#"],
                ["destination": "x", "destination_type": "exchange", "routing_key": "a"], ["source": "s"],
            ], ExchangeBinding.init)
        #expect(bindings.map(\.destination) == ["q", "x"] && bindings.map(\.isQueue) == [true, false])
        #expect(FeatureFlag(json: ["name": "stream_queue", "state": "enabled"])?.isEnabled == true)
        #expect(UserPermission.allows("^$", "a") == false)
        #expect(UserPermission.allows("", "a") == false)
        #expect(UserPermission.allows(".*", "a") == true)
        #expect(UserPermission.allows("tainer", "detainer.dead") == true)
        #expect(UserPermission.allows("(", "a") == nil)
    }
}
