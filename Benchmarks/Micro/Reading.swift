import Detainers
import Foundation

/// A request as programs without this library would read it: by `JSONDecoder`, into the same members of the same types.
///
/// It is lenient where the library is strict: it takes unknown members, duplicate keys and any length.
struct DecodableRequest: Decodable {
    struct ReceivedBy: Decodable {
        var agency: String
        var station: String?
    }
    struct Receipt: Decodable {
        var channel: Word<Request.Channel>
        var receivedAt: Timestamp?
        var foundAt: Timestamp?
        var pages: Int?
        var imageDigest: String?
        var senderReference: String?
    }
    struct Form: Decodable {
        struct Asks: Decodable {
            var hold: Word<Request.Answer>?
            var transfer: Word<Request.Answer>?
            var notice: Word<Request.Answer>?
        }
        var kind: Word<Request.FormKind>
        var formDate: Day?
        var eventNumber: String?
        var issuingOffice: String?
        var probableCause: [Word<Request.ProbableCause>]?
        var resumeCustody: Word<Request.Answer>?
        var asks: Asks?
        var defects: [Word<Request.Defect>]?
    }
    struct Subject: Decodable {
        var fileNumber: String?
        var familyName: String?
        var givenNames: String?
        var birthDate: Day?
    }
    struct Custody: Decodable {
        var status: Word<Request.CustodyStatus>?
        var bookingNumber: String?
        var eligibleForReleaseAt: Timestamp?
    }
    struct Attachment: Decodable {
        var kind: Word<Request.AttachmentKind>
        var issuer: Word<Request.Issuer>?
        var standing: Word<Request.Standing>?
        var namesSubject: Word<Request.Answer>?
    }
    var schema: String
    var requestId: String
    var revision: Int?
    var receivedBy: ReceivedBy
    var receipt: Receipt
    var form: Form
    var subject: Subject?
    var custody: Custody?
    var attachments: [Attachment]?
}

/// A word of a closed list.
struct Word<Value: RawRepresentable>: Decodable where Value.RawValue == String {
    var value: Value

    init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer()
        guard let value = Value(rawValue: try text.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: text, debugDescription: "no such word")
        }
        self.value = value
    }
}

struct Timestamp: Decodable {
    var value: Moment

    init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer()
        guard let value = Moment(text: try text.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: text, debugDescription: "no timestamp")
        }
        self.value = value
    }
}

struct Day: Decodable {
    var value: CivilDate

    init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer()
        guard let value = CivilDate(try text.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: text, debugDescription: "no date")
        }
        self.value = value
    }
}

/// A request of nobody, of the size that requests have.
let requestBody = Data(
    #"""
    {"schema":"detainer.request/1","requestId":"1b3c9d52-0a9d-4e7a-882f-fe85799f37db","receivedBy":{"agency":\#
    "boston-police","station":"A-15"},"receipt":{"channel":"fax","receivedAt":"2025-04-17T14:29:00-05:00","pages":4},\#
    "form":{"kind":"I-247A","formDate":"2025-04-17","eventNumber":"EXAMPLE-118204","probableCause":["final-order",\#
    "biometric-match"],"asks":{"hold":"yes","transfer":"no","notice":"yes"}},"subject":{"fileNumber":"A000000000",\#
    "familyName":"Example","givenNames":"Person","birthDate":"1990-01-01"},"custody":{"status":"in-custody",\#
    "bookingNumber":"SAMPLE-118204"},"attachments":[{"kind":"I-200","issuer":"immigration-officer","standing":\#
    "produced","namesSubject":"yes"}]}
    """#.utf8)
