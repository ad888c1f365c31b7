using System.CommandLine;
using System.Globalization;
using Stip.Bench.Models;
using Stip.Bench.Protecting;
using Stip.Bench.Reports;
using Stip.TestKit;

namespace Stip.Bench.Commands;

/// <summary><c>protect</c>: memory, rate and search of <c>export</c> and <c>protect</c> at several depths.</summary>
internal static class ProtectCommand
{
    private const int Vocab = 32_000;
    private const int Context = 4096;
    private const int HeadDim = 128;
    private const string Load = "/proc/loadavg";

    public static Command Create()
    {
        var hidden = BenchOptions.Number("--hidden", 4096, "Width of the model that is written, a multiple of 128.");
        var layers = Layers("--layers", [4, 8, 16], "Its layers; the last are copied too.");
        var pairs = BenchOptions.Number("--pairs", 6, "Pairs of protect and plain copy, in turns; 0 for none.");
        var searched = BenchOptions.Number("--search-hidden", 4096, "Width of the model that is searched.");
        var depths = Layers("--search-layers", [8, 32, 80], "Its layers; the disk holds two of them.");
        var runs = BenchOptions.Number("--runs", 3, "Searches of each; 0 for none.");
        var (work, output) = (BenchOptions.Work(), BenchOptions.Output());
        var command = new Command("protect", "Memory, rate and search of export and protect.")
        {
            hidden, layers, pairs, searched, depths, runs, work, output,
        };
        command.SetAction(async parsed =>
        {
            using var temporary = new TemporaryFolder();
            var folder = parsed.GetValue(work) ?? temporary.Path;
            var file = parsed.GetValue(output);
            var page = new ResultPage("Memory, rate and search of export and protect");
            var written = new ProtectScenario(folder, Shaped(parsed.GetValue(hidden)));
            await written.AddMemoryAsync(
                page.Add(Memory(parsed.GetValue(hidden))), parsed.GetRequiredValue(layers));
            page.Save(file);
            if (parsed.GetValue(pairs) is > 0 and var several)
            {
                await written.AddRateAsync(page.Add(Rate()), several);
                page.Save(file);
            }

            if (parsed.GetValue(runs) is > 0 and var times)
            {
                var search = written with { Shape = Shaped(parsed.GetValue(searched)) };
                await search.AddSearchAsync(
                    page.Add(Search(parsed.GetValue(searched), times)), parsed.GetRequiredValue(depths), times);
                page.Save(file);
            }

            page.Print();
        });
        return command;
    }

    // LLaMA-2-7b's form: heads of 128, an inner width of 2.7 times the outer.
    private static Func<int, ModelShape> Shaped(int hidden)
    {
        var inner = (int)Math.Round(hidden * 11_008 / 4096.0 / HeadDim) * HeadDim;
        return layers => ModelShape.Llama(
            hidden, inner, layers, hidden / HeadDim, hidden / HeadDim, Vocab, Context, "float16");
    }

    private static ResultTable Memory(int hidden) => new(
        string.Create(CultureInfo.InvariantCulture, $"LLaMA-2-7b's form {hidden} wide, float16: memory"),
        "layers", "GB", "export, MiB", "protect, MiB", "export, s", "protect, s")
    {
        Note = "Most anonymous memory of a process (`RssAnon`, looked at every 20 ms; mapped pages of files aside) of "
            + "`export --random-weights` and `protect --verify none`." + Busy(),
    };

    private static ResultTable Rate() => new(
        "protect --verify none / plain copy, of the last of these", "pair", "protect, MB/s", "copy, MB/s", "ratio")
    {
        Note = "Whole commands in turns, each over files that are in the page cache and until what it wrote is on the "
            + "disk; the copy reads and writes, and shares nothing on the disk. Last row: medians, and the geometric "
            + "mean of the ratios with its 95 % interval.",
    };

    private static ResultTable Search(int hidden, int runs) => new(
        string.Create(CultureInfo.InvariantCulture, $"The search alone, {hidden} wide, float16"),
        "layers", "seconds", "processor seconds", "MiB")
    {
        Note = "`inspect --json`, the program's start included: medians of "
            + runs.ToString(CultureInfo.InvariantCulture) + " runs, and the most anonymous memory of any. Layers from "
            + "the third on share the bytes of the second: weights are never read.",
    };

    // What else ran makes other figures; a reader should know.
    private static string Busy() => File.Exists(Load) && File.ReadAllText(Load).Split(' ') is [var one, ..]
        ? $" Programs that ran or waited in the minute before (load average): {one}."
        : "";

    private static Option<int[]> Layers(string name, int[] standard, string description)
    {
        var option = new Option<int[]>(name)
        {
            Description = description,
            AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = _ => standard,
        };
        option.Validators.Add(result =>
        {
            foreach (var layers in result.GetValueOrDefault<int[]>().Where(layers => layers < 2))
            {
                result.AddError($"{name} {layers} is below 2");
            }
        });
        return option;
    }
}
