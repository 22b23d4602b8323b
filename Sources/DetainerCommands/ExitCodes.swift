import AMQPClient
import ArgumentParser
import DeadLetters
import Detainers
import Foundation
import Ledger
import Operations
import Policy
import Reports

/// The exit codes of the contract, after sysexits.h.
enum Exit {
    static let no = ExitCode(1)
    static let badInput = ExitCode(65)
    static let brokerUnavailable = ExitCode(69)
    static let inputOutput = ExitCode(74)
    static let badConfiguration = ExitCode(78)

    /// Runs a command's body; turns what it throws into one sentence on stderr and the exit code that fits.
    static func mapping(_ body: () async throws -> Void) async throws {
        do { try await body() } catch let error as ExitCode { throw error } catch let error as ValidationError {
            throw error
        } catch {
            Log.error(sentence(error))
            throw code(error)
        }
    }

    static func sentence(_ error: any Error) -> String {
        switch error {
        case let error as AMQPError: error.message
        case let error as LedgerError: error.message
        case let error where isFoundations(error): text(of: error as NSError)
        case let error as any CustomStringConvertible: error.description
        default: text(of: error as NSError)
        }
    }

    /// Foundation's errors describe themselves in a dump for programmers.
    private static func isFoundations(_ error: any Error) -> Bool {
        error is any CustomNSError || type(of: error) == NSError.self
    }

    private static func text(of error: NSError) -> String {
        let path = error.userInfo[NSFilePathErrorKey] as? String
        return (path.map { $0 + ": " } ?? "") + error.localizedDescription
    }

    private static func code(_ error: any Error) -> ExitCode {
        switch error {
        case let error as AMQPError: error.code == .invalidAddress ? badConfiguration : brokerUnavailable
        case is LedgerError, is RecordError: inputOutput
        case is PolicyError, is Settings.Problem, is KeyFile.Problem, is KeyFile.Lost,
            is PublisherKeys.Problem, is PublisherSigningKey.Problem, is ReportForm.Problem:
            badConfiguration
        case let error as ManagementError where error.code == .invalidAddress: badConfiguration
        case is ContractError, is ICEReleasedList.Problem, is NoteError, is LetterEdit.Problem, is ReplayPlan.Problem,
            is LetterTransfer.Problem, is ReleasedList.Problem:
            badInput
        default: inputOutput
        }
    }
}
