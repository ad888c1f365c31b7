using System.CommandLine;
using System.Globalization;
using Stip.Export.Checkpoints;
using Stip.Export.Checkpoints.Tokenizers;
using Stip.Export.Terminal;
using Stip.Export.Writing;
using Stip.Onnx;
using Stip.Onnx.Model;
using Stip.Onnx.Packages;
using Stip.Onnx.Protection;

namespace Stip.Export.Commands;

/// <summary>
/// <c>protect</c>: a plain model becomes a package of three folders, for the server, the users and the owner.
/// </summary>
internal static class ProtectCommand
{
    private const int MostInstances = 1000;

    public static Command Create()
    {
        var arguments = new ProtectArguments();
        var command = new Command(
            "protect", "Permutes a model's weights with fresh keys and writes cloud, client and owner parts.");
        arguments.AddTo(command);
        command.SetAction((parsed, cancellation) => RunAsync(
            parsed.GetRequiredValue(arguments.Model),
            parsed.GetRequiredValue(arguments.Output),
            arguments.Read(parsed),
            parsed.GetValue(arguments.Instances),
            cancellation));
        return command;
    }

    private static async Task<int> RunAsync(
        string model, string output, ProtectionOptions options, int instances, CancellationToken cancellation)
    {
        if (instances is < 1 or > MostInstances)
        {
            throw new RefusedException($"{instances} instances are outside 1..{MostInstances}");
        }

        using var target = OutputFolder.Create(output);
        IReadOnlyList<ProtectionResult> made = [];
        var bytes = WeightBytes(model);

        options = Completed(options, FolderOf(model));
        string[] folders = [.. Enumerable.Range(0, instances).Select(index => FolderOf(target, index, instances))];
        await ByteProgress.RunAsync("weights", bytes * instances, "verified", (report, verified) => Task.Run(
            () => made = PackageProtector.Protect(
                model, folders, options, Watched(report, cancellation), Watched(verified, cancellation)),
            cancellation));
        cancellation.ThrowIfCancellationRequested();
        target.Complete();
        foreach (var warning in PackageWarnings.Of(made))
        {
            await Console.Error.WriteLineAsync(OneLine.Of($"warning: {warning}"));
        }

        foreach (var (package, index) in made.Select((package, index) => (package, index)))
        {
            Report("verified", package.Verification);
            Report("rounded, against the plain model:", package.Rounded);
            var place = instances == 1 ? output : Path.Combine(output, Name(index));
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"protected {package.Model} in {place} "
                + $"(instance {package.Instance}, about 2^{package.KeyBits:F0} keys)"));
        }

        return 0;
    }

    // What lies beside a model, or where --tokenizer says; hubs keep it above a folder of graphs. An own export has all
    // that it needs.
    private static ProtectionOptions Completed(ProtectionOptions options, string model)
    {
        var tokenizer = options.Tokenizer ?? (ExportFolder.Exists(model) ? null : HubFolder.Of(model));
        var neighbours = SentenceNeighbours.Find(tokenizer, model);
        return options with
        {
            Tokenizer = tokenizer,
            MadeFiles = MadeFiles(model, tokenizer, neighbours?.LowersTexts == true),
            Texts = SentenceNeighbours.Complete(options.Texts, neighbours),
        };
    }

    private static Action<T> Watched<T>(Action<T> report, CancellationToken cancellation) => done =>
    {
        cancellation.ThrowIfCancellationRequested();
        report(done);
    };

    private static string FolderOf(string model) =>
        Directory.Exists(model) ? model : Path.GetDirectoryName(Path.GetFullPath(model))!;

    // Packages of several instances are numbered from 1.
    private static string FolderOf(OutputFolder target, int index, int instances) => instances == 1
        ? target.WorkPath
        : Directory.CreateDirectory(Path.Combine(target.WorkPath, Name(index))).FullName;

    private static string Name(int index) => (index + 1).ToString(CultureInfo.InvariantCulture);

    private static void Report(string what, VerificationReport? report)
    {
        if (report is not null)
        {
            var how = report.Mode == VerificationMode.Blocks ? ", block by block" : "";
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what} {report.Samples} sequences{how}: ")
                + (report.HasLogits
                    ? string.Create(
                        CultureInfo.InvariantCulture,
                        $"largest |Δ{report.Compared}| {report.MaxAbsDiff:G3}, top-1 equal {report.Top1Agreement:P1}")
                    : OneLine.Of(report.Worst)));
        }
    }

    // Exporters keep weights in the graph's file or beside it, as model.data, model.onnx.data or model.onnx_data.
    private static long WeightBytes(string model)
    {
        var folder = new DirectoryInfo(FolderOf(model));
        return !folder.Exists ? 0 : folder.EnumerateFiles().Where(file => IsData(file.Name) || (Directory.Exists(model)
            ? file.Extension == ".onnx" : file.Name == Path.GetFileName(model))).Sum(LengthOf);
    }

    // A link's own length is that of the path in it.
    private static long LengthOf(FileInfo file) =>
        new FileInfo(LinkTarget.Of(file.FullName)) is { Exists: true } target ? target.Length : file.Length;

    private static bool IsData(string name) =>
        name.EndsWith(".data", StringComparison.Ordinal) || name.Contains(".onnx_data", StringComparison.Ordinal);

    // The graph of another exporter may lie in a folder without them. A tokenizer is made of one folder's files; what
    // generation needs may be said in both.
    private static Dictionary<string, byte[]> MadeFiles(string model, string? tokenizer, bool lowersTexts)
    {
        var chosen = new FolderFiles(tokenizer ?? model);
        var both = new CompletedFiles(new LayeredFiles(chosen, new FolderFiles(model)));
        var made = new Dictionary<string, byte[]>();
        ISmallFiles completed = lowersTexts ? new LoweredTexts(new CompletedFiles(chosen)) : new CompletedFiles(chosen);
        foreach (var (name, bytes) in new[]
        {
            (SourceFileNames.Tokenizer, completed.Find(SourceFileNames.Tokenizer)),
            (GenerationFile.Name, both.Find(GenerationFile.Name)),
        })
        {
            if (bytes is not null)
            {
                made.Add(name, bytes);
            }
        }

        return made;
    }
}
