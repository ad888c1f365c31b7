using Stip.Bench.Reports;
using Stip.Client.Bundles;

namespace Stip.Bench.Paper;

/// <summary>Figure 8: what the user's machine holds.</summary>
internal static class ClientMemory
{
    private const double Mib = 1 << 20;

    public static async Task AddAsync(PaperRun run, IReadOnlyList<string> models)
    {
        var table = run.Page.Add(new ResultTable(
            "Figure 8: memory of the client", "model", "tokenizer, MiB", "embedding table, MiB", "managed memory with "
            + "the bundle open, MiB")
        {
            Note = "The table is mapped: it is read from its file row by row and is no memory of the process that "
                + "could not be given back. Rows marked computed are vocabulary × hidden size × 2 bytes.",
        });
        var (names, sizes) = (new List<string>(), new List<double>());
        foreach (var model in models)
        {
            var served = await run.HostAsync(model);
            var folder = Path.Combine(served.Model.Protected, "client");
            var before = GC.GetTotalMemory(forceFullCollection: true);
            using var bundle = Bundle.Open(folder, allowUnprotected: true);
            var hasTokenizer = bundle.Tokenizer is not null;
            var managed = GC.GetTotalMemory(forceFullCollection: true) - before;
            var table2 = (double)bundle.Manifest.VocabSize * bundle.Embedding.RowBytes;
            var tokenizer = hasTokenizer ? M(Size(folder, "tokenizer*")) : "none";
            table.Add(model, tokenizer, M(table2), M(managed));
            names.Add(model);
            sizes.Add(table2 / Mib);
        }

        foreach (var (name, vocab, hidden) in new[] { ("LLaMA2-7b", 32_000, 4096), ("LLaMA2-70b", 32_000, 8192) })
        {
            var bytes = (double)vocab * hidden * 2;
            table.Add($"{name} (computed)", "", M(bytes), "");
            names.Add(name);
            sizes.Add(bytes / Mib);
        }

        table.Add("LLaMA2-70b, paper (quoted)", "18", "903", "");
        using var chart = new Chart("Embedding table of the client", "", "MiB");
        chart.AddBars(names, sizes);
        chart.Save(run.Picture("Figure 8", "8"));
        run.Save();
    }

    private static double Size(string folder, string pattern) =>
        new DirectoryInfo(folder).EnumerateFiles(pattern).Sum(file => file.Length);

    private static string M(double bytes) => FormattableString.Invariant($"{bytes / Mib:0.0}");
}
