using Stip.Bench.Models;
using Stip.Bench.Reports;
using Stip.Bench.Serving;

namespace Stip.Bench.Paper;

/// <summary>What the figures share: one server, the models it hosts, and the page that grows.</summary>
internal sealed class PaperRun(BenchServer server, ModelFolder models, ResultPage page, string? output)
{
    private readonly Dictionary<string, ServedPair> _hosted = [];

    public BenchServer Server => server;

    public ModelFolder Models => models;

    public ResultPage Page => page;

    public async Task<ServedPair> HostAsync(string model) => _hosted.TryGetValue(model, out var served)
        ? served
        : _hosted[model] = await server.HostAsync(await models.MakeAsync(model));

    /// <summary>Where a picture of the page goes, and shows it there; null without a page.</summary>
    public string? Picture(string heading, string name)
    {
        if (output is null)
        {
            return null;
        }

        var file = $"{Path.GetFileNameWithoutExtension(output)}-{name}.png";
        page.AddPicture(heading, file);
        return Path.Combine(Path.GetDirectoryName(Path.GetFullPath(output))!, file);
    }

    public void Save() => page.Save(output);
}
