using Stip.Bench.Reports;
using Stip.Bench.Scenarios;
using Stip.Client.Encoders;
using Stip.Client.Generation;
using Stip.Client.Images;
using Stip.Client.Sealing;
using Stip.TestKit;

namespace Stip.Bench.Paper;

/// <summary>Table 5: what the protected model answers against what the plain one does, through the same server.
/// </summary>
internal static class Exactness
{
    private const int Sequences = 20;
    private const int Tokens = 48;
    private static readonly (string Series, string Model)[] Decoders =
    [
        ("GPT-2", "stories-gpt2"), ("LLaMA", "stories"), ("LLaMA2-7b scaled", "tiny-llama2-7b"),
        ("LLaMA2-70b scaled", "tiny-llama2-70b"), ("Mixtral scaled", "tiny-mixtral-8x7b"),
    ];

    public static async Task AddAsync(PaperRun run, CancellationToken cancellationToken)
    {
        var table = run.Page.Add(new ResultTable(
            "Table 5: exactness", "series", "model", "answers", "mean of the sums of absolute differences",
            "largest difference", "same class")
        {
            Note = "Through the server, protected against plain: logits of every position over the whole vocabulary, "
                + "scores of every label. Small models stand for the paper's larger ones of the same architecture.",
        });
        foreach (var (series, model) in Decoders)
        {
            var served = await run.HostAsync(model);
            var tally = new ExactnessTally();
            var length = Math.Min(Tokens, served.Protected.ContextLength);
            for (var i = 0; i < Sequences; i++)
            {
                var ids = SessionLoad.Ids(served.Protected, i, i, length);
                var a = await ScoreAsync(served.Protected, ids, cancellationToken);
                var b = await ScoreAsync(served.Plain, ids, cancellationToken);
                for (var row = 0; row < a.Count; row++)
                {
                    tally.Add(a[row].Values.Span, b[row].Values.Span);
                }
            }

            table.Add([series, model, .. tally.Cells]);
            run.Save();
        }

        await AddImagesAsync(run, table, cancellationToken);
        run.Save();
    }

    private static async Task AddImagesAsync(PaperRun run, ResultTable table, CancellationToken cancellationToken)
    {
        const string Model = "digits-vit";
        var made = await run.Models.MakeAsync(Model);
        await run.Server.Process.PushAsync(made.Protected);
        await run.Server.Process.PushAsync(made.Plain);
        var (hidden, plain) = (run.Server.ConnectEncoder(made.Protected), run.Server.ConnectEncoder(made.Plain));
        var tally = new ExactnessTally();
        var folder = Path.Combine(KnownCheckpoints.Folder(Model), "images");
        foreach (var file in Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal))
        {
            var image = ImageReader.Decode(await File.ReadAllBytesAsync(file, cancellationToken));
            var a = await new Classifier(hidden).ClassifyAsync(image, cancellationToken);
            var b = await new Classifier(plain).ClassifyAsync(image, cancellationToken);
            tally.Add([.. a.Logits], [.. b.Logits]);
        }

        table.Add(["ViT", Model, .. tally.Cells]);
    }

    private static async Task<IReadOnlyList<LogitsRow>> ScoreAsync(
        StipModel model, int[] ids, CancellationToken cancellationToken)
    {
        await using var session = model.OpenSession(ids.Length);
        return await session.ScoreAsync(ids, cancellationToken);
    }
}
