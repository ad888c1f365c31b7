using System.CommandLine;
using System.Globalization;
using Stip.Client.Encoders;

namespace Stip.Gateway.Commands;

/// <summary><c>embed</c>: one vector for each text.</summary>
internal static class EmbedCommand
{
    public static Command Create()
    {
        var encoder = new EncoderCommand();
        var texts = new Argument<string[]>("PROMPT")
        {
            Arity = ArgumentArity.ZeroOrMore,
            Description = "Texts, each in quotes; without any, every line of standard input is one.",
        };
        var prompt = new Option<string?>("--prompt-name")
        {
            Description = "Which of the model's prompts stands before each text (query, document).",
        };
        var command = new Command("embed", "Turns texts into vectors with a protected encoder, one for each PROMPT.")
        {
            texts, prompt,
        };
        encoder.AddTo(command);
        command.SetAction((parsed, cancellation) =>
        {
            var given = Texts(parsed.GetValue(texts));
            return encoder.RunAsync(
                parsed,
                async model => new EmbedDocument((await EmbedAsync(
                    new TextEmbedder(model), given, parsed.GetValue(prompt), cancellation)).Vectors),
                Print);
        });
        return command;
    }

    private static async Task<Embeddings> EmbedAsync(
        TextEmbedder embedder, string[] texts, string? prompt, CancellationToken cancellation)
    {
        if (prompt is not null && !embedder.PromptNames.Contains(prompt))
        {
            throw new Terminal.RefusedException(embedder.PromptNames.Count == 0
                ? $"--prompt-name {prompt}: the model has no prompts"
                : $"--prompt-name {prompt}: the model has {string.Join(", ", embedder.PromptNames)}");
        }

        return await embedder.EmbedAsync(texts, new TextEmbeddingOptions { PromptName = prompt }, cancellation);
    }

    private static string[] Texts(string[]? given)
    {
        if (given is { Length: > 0 })
        {
            return given;
        }

        string[] lines = Console.IsInputRedirected ? [.. Lines(Console.In)] : [];
        return lines.Length > 0
            ? lines
            : throw new Terminal.RefusedException("no text is given: give PROMPT, or lines on standard input");
    }

    private static IEnumerable<string> Lines(TextReader reader)
    {
        while (reader.ReadLine() is { } line)
        {
            yield return line;
        }
    }

    private static void Print(EmbedDocument document)
    {
        foreach (var vector in document.Embeddings)
        {
            Console.Out.WriteLine(string.Join(
                ' ', vector.Select(value => value.ToString("G6", CultureInfo.InvariantCulture))));
        }
    }

    private sealed record EmbedDocument(IReadOnlyList<float[]> Embeddings);
}
