using System.CommandLine;
using Stip.Gateway.Serving;
using Stip.Gateway.Terminal;

namespace Stip.Gateway.Commands;

/// <summary><c>serve</c>: an OpenAI-compatible server for this machine only.</summary>
internal static class ServeCommand
{
    private const int DefaultPort = 11435;

    public static Command Create()
    {
        var connection = new ConnectionOptions();
        var port = NumberOption.Create(
            "--port", DefaultPort, 0, ushort.MaxValue, "Port on the loopback address; 0 takes a free one.");
        var command = new Command("serve", "Serves OpenAI's chat, completions and embeddings on the loopback address.")
        {
            port,
        };
        var plain = new Option<string[]>("--plain")
        {
            Description = "Folder of export, one for each bundle in order: the page shows true rows beside those sent.",
        };
        command.Options.Add(plain);
        var requiresToken = new Option<bool>("--require-token")
        {
            Description = "Answers no request without this run's token as its API key. Default: only the page's " +
                $"panel and include_steps need it. {GatewayToken.Variable} names one that stays.",
        };
        command.Options.Add(requiresToken);
        var noSpeculation = AnswerOptions.CreateNoSpeculation();
        command.Options.Add(noSpeculation);
        connection.AddTo(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            using var open = connection.Open(parsed);
            open.AddPlainRows(parsed.GetValue(plain) ?? []);
            var token = GatewayToken.OfEnvironment(parsed.GetValue(requiresToken));
            await RunAsync(open, parsed.GetValue(port), token, !parsed.GetValue(noSpeculation), cancellation);
            return ExitCodes.Done;
        });
        return command;
    }

    private static async Task RunAsync(
        Connection open, int port, GatewayToken token, bool speculates, CancellationToken cancellation)
    {
        // A wrong key or a package that does not match is better known now than at the first question.
        foreach (var model in open.Models)
        {
            await model.CheckAsync(cancellation);
        }

        foreach (var encoder in open.Encoders)
        {
            await encoder.CheckAsync(cancellation);
        }

        await using var app = GatewayApplication.Create(
            open.Models, $"http://127.0.0.1:{port}", encoders: open.Encoders, plainRows: open.PlainRows,
            speculates: speculates, token: token);
        await app.StartAsync(cancellation);
        var names = string.Join(", ", open.Models.Select(model => model.Id).Concat(
            open.Encoders.Select(encoder => encoder.Id)));
        Console.WriteLine($"ready on {string.Join(", ", app.Urls)}/v1 with {names}");
        var fragment = token.IsOfRun ? token.Value : $"(that of {GatewayToken.Variable})";
        Console.WriteLine($"chat page: {string.Join(", ", app.Urls)}/#token={fragment}");
        Console.WriteLine(token.IsRequired
            ? "every request needs that token as its API key"
            : "any user of this machine can ask here; what is sent is shown with the token only (see --require-token)");
        await app.WaitForShutdownAsync(cancellation);
    }
}
