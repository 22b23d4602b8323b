import ArgumentParser
import DetainerCommands

@main
enum Detainer {
    static func main() async {
        await DetainerCommand.main()
    }
}
