using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Spectre.Console;
using Stip.Export.Terminal;
using Stip.Keys.Owner;
using Stip.Onnx.Protection;
using Stip.Protocol;

namespace Stip.Export.Commands;

/// <summary><c>verify</c>: runs a plain model and its protected package side by side.</summary>
internal static class VerifyCommand
{
    private const int DefaultSamples = 16;

    // Every field is there, whatever the outcome.
    private static readonly JsonSerializerOptions Json = new(StipJson.Wire)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.Never,
    };

    public static Command Create()
    {
        var plain = new Option<string>("--plain")
        {
            Required = true,
            Description = "What protect was given: folder of export, or an ONNX graph.",
        };
        var package = new Option<string>("--protected") { Required = true, Description = "Folder of protect." };
        var samples = new Option<int>("--samples")
        {
            DefaultValueFactory = _ => DefaultSamples,
            Description = "Random sequences to run.",
        };
        var json = new Option<bool>("--json") { Description = "Prints one JSON document." };
        var command = new Command("verify", "Compares a package with its plain model: every logit, cache and weight.")
        {
            plain, package, samples, json,
        };
        command.SetAction(parsed =>
        {
            var asJson = parsed.GetValue(json);
            var report = Watched(asJson, done => PackageVerifier.Verify(
                parsed.GetRequiredValue(plain),
                parsed.GetRequiredValue(package),
                parsed.GetValue(samples),
                Environment.GetEnvironmentVariable(OwnerStore.PassphraseVariable),
                done));
            Print(report, asJson);
            return report.Passed ? 0 : ExitCodes.Refused;
        });
        return command;
    }

    // JSON has no infinity: where one side alone has a number the difference is null.
    private static double? Finite(double difference) => double.IsFinite(difference) ? difference : null;

    private static VerificationReport Watched(bool asJson, Func<Action<double>, VerificationReport> verify) =>
        asJson || !AnsiConsole.Profile.Out.IsTerminal
            ? verify(_ => { })
            : AnsiConsole.Progress().Start(context =>
            {
                var task = context.AddTask("verified", maxValue: 1);
                return verify(done => task.Value = done);
            });

    private static void Print(VerificationReport report, bool asJson)
    {
        if (!report.Passed)
        {
            Console.Error.WriteLine(OneLine.Of($"the protected model differs from the plain one: {report.Worst}"
                + (report.Fault is { } fault ? $"; {fault}" : "")));
        }

        if (report.Warning is { } warning)
        {
            Console.Error.WriteLine(OneLine.Of($"warning: {warning}"));
        }

        if (asJson)
        {
            Console.WriteLine(JsonSerializer.Serialize(
                new
                {
                    report.Samples,
                    MaxAbsDiff = Finite(report.MaxAbsDiff),
                    MeanAbsDiff = Finite(report.MeanAbsDiff),
                    report.Top1Agreement,
                    report.Passed,
                },
                Json));
            return;
        }

        var table = new Table().AddColumns("", "").HideHeaders();
        table.AddRow("how", Markup.Escape(OneLine.Of(report.ModeReason
            ?? (report.Mode == VerificationMode.Blocks ? "block by block" : "both models as a whole"))));
        table.AddRow("sequences", report.Samples.ToString(CultureInfo.InvariantCulture));
        if (report.HasLogits)
        {
            table.AddRow(
                $"largest |Δ{report.Compared}|", report.MaxAbsDiff.ToString("G3", CultureInfo.InvariantCulture));
            table.AddRow($"mean |Δ{report.Compared}|", report.MeanAbsDiff.ToString("G3", CultureInfo.InvariantCulture));
            table.AddRow("top-1 equal", report.Top1Agreement.ToString("P2", CultureInfo.InvariantCulture));
        }

        var misplaced = report.Worst.StartsWith("weight", StringComparison.Ordinal);
        table.AddRow("weights where the keys say", misplaced ? "no" : "yes");
        table.AddRow("passed", report.Passed ? "yes" : "no");
        AnsiConsole.Write(table);
    }
}
