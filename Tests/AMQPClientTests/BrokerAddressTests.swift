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
            "", "host", "http://host", "amqps:/host", "amqp://", "amqps://", "amqp://:5672", "amqp://host:0",
            "amqp://host:x",
            "amqp://host:99999", "amqp://host/a/b", "amqp://host?heartbeat=0", "amqp://a:secret%zz@host",
            "amqp://a:secret%00@host", "amqp://a:secret%ff@host", "amqp://[::1", "amqp://[::1]5672",
        ])
    func refusesTheRestWithoutRepeatingIt(url: String) {
        let error = #expect(throws: AMQPError.self) { try BrokerAddress(url: url) }
        #expect(error?.code == .invalidAddress)
        #expect(error?.message.contains("secret") == false)
    }

    @Test func amqpsIsTLS() throws {
        let address = try BrokerAddress(url: "amqps://worker:secret@broker.example/v", tls: TLSFiles(caFile: "/ca.pem"))
        #expect(address.usesTLS)
        #expect(address.port == 5671)
        #expect(address.authentication == .password)
        #expect(address.tls.caFile == "/ca.pem")
        #expect("\(address)" == "amqps://worker:***@broker.example:5671/v")
        #expect(try BrokerAddress(url: "amqps://host:5673").port == 5673)
        #expect(try BrokerAddress(url: "amqp://host").usesTLS == false)
    }

    @Test func aPasswordOfItsOwnGoesOverTheURLs() throws {
        let address = try BrokerAddress(url: "amqp://worker:old@host", password: "p@ss/w:rd")
        #expect(try address == BrokerAddress(url: "amqp://worker:p%40ss%2Fw%3Ard@host"))
        #expect(!"\(address)".contains("rd@"))
    }

    @Test func aCertificateLogsInWhereNoUserDoes() throws {
        let files = TLSFiles(certificateFile: "/own.pem", keyFile: "/own.key")
        let address = try BrokerAddress(url: "amqps://host", tls: files)
        #expect(address.authentication == .certificate)
        #expect(address.user.isEmpty)
        #expect("\(address)" == "amqps://host:5671/")
        #expect(try BrokerAddress(url: "amqps://worker@host", tls: files).authentication == .password)
    }

    @Test(
        arguments: [
            ("amqp://host", nil, TLSFiles(caFile: "/ca.pem")),
            ("amqp://host", nil, TLSFiles(certificateFile: "/own.pem", keyFile: "/own.key")),
            ("amqps://host", nil, TLSFiles(certificateFile: "/own.pem")),
            ("amqps://host", nil, TLSFiles(keyFile: "/own.key")),
            ("amqps://host", "secret", TLSFiles(certificateFile: "/own.pem", keyFile: "/own.key")),
            ("amqps://worker@host", "secret\0", TLSFiles()),
        ] as [(String, String?, TLSFiles)])
    func refusesWhatDoesNotGoTogether(url: String, password: String?, files: TLSFiles) {
        let error = #expect(throws: AMQPError.self) { try BrokerAddress(url: url, password: password, tls: files) }
        #expect(error?.code == .invalidAddress)
        #expect(error?.message.contains("secret") == false)
    }
}
