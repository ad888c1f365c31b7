using System.Globalization;
using Spectre.Console;
using Stip.Client.Generation;

namespace Stip.Gateway.Demo;

/// <summary>The table at the end.</summary>
internal static class DemoReport
{
    private const double BytesPerKibibyte = 1024;
    private const int ShownGibberish = 160;

    public static void Write(DemoFindings findings, TimeSpan total)
    {
        AnsiConsole.WriteLine();
        var table = new Table().RoundedBorder().ShowRowSeparators().AddColumn("what").AddColumn("seen");
        foreach (var (name, value) in Rows(findings))
        {
            table.AddRow(new Text(name), new Text(value));
        }

        AnsiConsole.Write(table);
        AnsiConsole.MarkupLine(findings.IsExact
            ? "[green]Exact:[/] the protected model said what the unprotected one says, token by token."
            : "[red]Not exact:[/] the protected model differs from the unprotected one.");
        AnsiConsole.MarkupLineInterpolated(
            CultureInfo.InvariantCulture,
            $"[grey]All of it took {total.TotalSeconds:F1} s. What this does not hide: docs/threat-model.md[/]");
    }

    private static IEnumerable<(string Name, string Value)> Rows(DemoFindings findings)
    {
        foreach (var question in findings.Questions)
        {
            yield return ($"same text: {question.Prompt}",
                $"{(question.IsEqual ? "yes" : "NO")}: {question.EqualTokens} of " +
                $"{question.Plain.TokenIds.Length} tokens as from the unprotected model");
        }

        yield return ("largest |Δlogit|",
            $"{findings.Exactness.LargestDifference:0.0E+0} over {findings.Exactness.Positions} positions, " +
            $"whole vocabulary (float32 sums in another order; limit {Exactness.Tolerance:0E+0})");
        yield return ("the fable, asked without the keys", Short(findings.Gibberish));
        yield return ("a true row (token 1 of the text)", findings.Sample.True);
        yield return ("the row that the server got", findings.Sample.Sent);
        yield return ("bytes up / down", Bytes([.. findings.Questions.Select(question => question.Protected.Usage)]));
        yield return ("milliseconds a token", Times([.. findings.Throughput.ProtectedRuns]));
        yield return ("tokens a second",
            $"protected {findings.Throughput.Protected:F0}, unprotected {findings.Throughput.Plain:F0}, " +
            $"ratio {findings.Throughput.Protected / findings.Throughput.Plain:F2} " +
            $"(fastest of {findings.Throughput.ProtectedRuns.Count} runs each, in turns)");
    }

    private static string Bytes(GenerationUsage[] usages) =>
        $"{usages.Sum(usage => usage.BytesSent) / BytesPerKibibyte:F1} KiB / " +
        $"{usages.Sum(usage => usage.BytesReceived) / BytesPerKibibyte:F1} KiB " +
        $"in {usages.Sum(usage => usage.Rounds)} rounds for {usages.Sum(usage => usage.CompletionTokens)} tokens";

    private static string Times(GenerationUsage[] usages)
    {
        var tokens = usages.Sum(usage => usage.CompletionTokens);
        return $"client {Ms(usage => usage.Client):F2}, wire {Ms(usage => usage.Wire):F2}, " +
            $"server {Ms(usage => usage.Server):F2}";

        double Ms(Func<GenerationUsage, TimeSpan> part) => usages.Sum(usage => part(usage).TotalMilliseconds) / tokens;
    }

    private static string Short(string text)
    {
        var line = text.ReplaceLineEndings(" ");
        return line.Length <= ShownGibberish ? line : line[..ShownGibberish] + " …";
    }
}
