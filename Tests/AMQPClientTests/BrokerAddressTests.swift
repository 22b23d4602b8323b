import AMQPClient
import Testing

@Suite struct BrokerAddressTests {
    @Test func readsAllParts() throws {
        let address = try BrokerAddress(url: "amqp://us%40er:p%2Fw:d@broker.example:5673/in%2Ftake")
        #expect(address.user == "us@er")
        #expect(address.host == "broker.example")
        #expect(address.port == 5673)
        #expect(address.virtualHost == "in/take")
    }

    @Test(
        arguments: [
            "amqp://localhost", "amqp://localhost/", "AMQP://localhost:5672", "amqp://guest:guest@localhost/%2F",
        ])
    func fillsInWhatIsLeftOut(url: String) throws {
        #expect(try BrokerAddress(url: url) == BrokerAddress(url: "amqp://guest:guest@localhost:5672/"))
    }

    @Test func readsNumericHosts() throws {
        let address = try BrokerAddress(url: "amqp://[::1]:5673/v")
        #expect(address.host == "::1")
        #expect(address.description == "amqp://guest:***@[::1]:5673/v")
    }

    @Test func hidesThePassword() throws {
        let address = try BrokerAddress(url: "amqp://worker:secret@host/")
        #expect("\(address)" == "amqp://worker:***@host:5672/")
    }

    @Test(
        arguments: [
            "", "host", "http://host", "amqps://host", "amqp://", "amqp://:5672", "amqp://host:0", "amqp://host:x",
            "amqp://host:99999", "amqp://host/a/b", "amqp://host?heartbeat=0", "amqp://a:secret%zz@host",
            "amqp://a:secret%00@host", "amqp://a:secret%ff@host", "amqp://[::1", "amqp://[::1]5672",
        ])
    func refusesTheRestWithoutRepeatingIt(url: String) {
        let error = #expect(throws: AMQPError.self) { try BrokerAddress(url: url) }
        #expect(error?.code == .invalidAddress)
        #expect(error?.message.contains("secret") == false)
    }
}
