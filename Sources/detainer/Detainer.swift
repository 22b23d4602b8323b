import ArgumentParser
import DetainerCommands

@main
enum Detainer {
    static func main() async {
        Allocator.limit(arguments: CommandLine.arguments)
        await DetainerCommand.main()
    }
}
