using System.CommandLine;
using Stip.Client.Encoders;
using Stip.Gateway.Terminal;

namespace Stip.Gateway.Commands;

/// <summary>What <c>embed</c>, <c>classify</c>, <c>fill</c>, <c>tag</c> and <c>answer</c> have in common: one encoder,
/// one answer, printed as lines or as one JSON document.</summary>
internal sealed class EncoderCommand
{
    private readonly ConnectionOptions _connection = new();
    private readonly Option<string?> _model = new("--model") { Description = "Which of several bundles." };
    private readonly Option<bool> _json = new("--json") { Description = "Prints one JSON document." };

    public void AddTo(Command command)
    {
        command.Options.Add(_model);
        command.Options.Add(_json);
        _connection.AddTo(command, takesDraft: false);
    }

    /// <summary>Asks and prints.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="ask">Asks the encoder.</param>
    /// <param name="print">Prints the answer for people.</param>
    public async Task<int> RunAsync<T>(ParseResult parsed, Func<StipEncoder, Task<T>> ask, Action<T> print)
    {
        using var open = _connection.Open(parsed);
        var answer = await ask(open.PickEncoder(parsed.GetValue(_model)));
        if (parsed.GetValue(_json))
        {
            Console.Out.WriteLine(EncoderJson.Write(answer));
        }
        else
        {
            print(answer);
        }

        return ExitCodes.Done;
    }
}
