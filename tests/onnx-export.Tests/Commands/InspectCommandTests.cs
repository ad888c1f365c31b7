using System.Text.Json;
using Spectre.Console;
using Stip.Export.Commands;
using Stip.Export.Tests.Protection;
using Stip.Onnx.Packages;
using Stip.Onnx.Protection;
using Stip.Onnx.Symmetry.Reports;
using Stip.TestKit;

namespace Stip.Export.Tests.Commands;

public sealed class InspectCommandTests(ExportedModels models, ProtectedModels packages)
{
    private const string Name = "tiny-llama2-70b";

    [Fact]
    public async Task Inspect_AsJson_ListsClassesMembersAndPins()
    {
        var (exitCode, output, _) = CommandLine.Run("inspect", "--model", await models.FolderAsync(Name), "--json");

        using var document = JsonDocument.Parse(output);
        Assert.Equal(0, exitCode);
        var classes = document.RootElement.GetProperty("classes").EnumerateArray().ToArray();
        var residual = classes.Single(group => group.GetProperty("members").EnumerateArray()
            .Any(member => member.GetProperty("name").GetString() == "inputs_embeds"));
        Assert.Equal(64, residual.GetProperty("size").GetInt32());
        Assert.Contains(residual.GetProperty("members").EnumerateArray(), member =>
            member.GetProperty("name").GetString() == "head.weight" && member.GetProperty("axis").GetInt32() == 0);
        Assert.InRange(document.RootElement.GetProperty("moved_share").GetDouble(), 0.9, 1);
        Assert.True(document.RootElement.GetProperty("key_bits").GetDouble() > 1000);
        Assert.NotEmpty(document.RootElement.GetProperty("pinned").EnumerateArray());
    }

    [Fact]
    public async Task Inspect_OfAGraphOrAPackage_ShowsTheSameClasses()
    {
        var graph = Path.Combine(await models.FolderAsync(Name), "model.onnx");

        var plain = CommandLine.Run("inspect", "--model", graph, "--json");
        var moved = CommandLine.Run("inspect", "--model", await packages.FolderAsync(models, Name), "--json");

        Assert.Equal((0, 0), (plain.ExitCode, moved.ExitCode));
        Assert.Equal(Classes(plain.Output), Classes(moved.Output));
    }

    [Fact]
    public async Task Inspect_OfBoundedCaches_NamesThemWithTheirWindows()
    {
        var folder = await models.FolderAsync("tiny-mistral-window");
        var windows = ExportFolder.ReadManifest(folder).Graphs["decoder"].Cache!.BoundedWindows!;

        var json = CommandLine.Run("inspect", "--model", folder, "--json");

        using var document = JsonDocument.Parse(json.Output);
        var caches = document.RootElement.GetProperty("bounded_caches");
        Assert.NotEmpty(windows);
        Assert.Equal(
            windows.SelectMany((window, layer) => new[] { "key", "value" }.Select(part =>
                ($"past_key_values.{layer}.{part}", window))),
            caches.EnumerateObject().Select(cache => (cache.Name, cache.Value.GetInt32())));
        using var text = new StringWriter();
        InspectText.Print(ModelInspector.Inspect(folder), AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = AnsiSupport.No,
            Out = new AnsiConsoleOutput(text),
        }));
        Assert.Contains($"bounded by {windows[0]} tokens: ", text.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(4, 4.6)] // 24 orders
    [InlineData(64, 296)] // 1.27e89
    public void Class_OfSoManyIndices_AddsTheirOrdersToAKey(int size, double bits) =>
        Assert.Equal(bits, new SymmetryClass(size, []).MostKeyBits);

    [Fact]
    public async Task Inspect_AsHtml_DrawsEqualLayersOnceAndNeedsNothingElse()
    {
        using var folder = new TemporaryFolder();
        var page = folder.At("picture.html");

        var (exitCode, _, _) = CommandLine.Run(
            "inspect", "--model", await models.FolderAsync("tiny-gpt2-xl"), "--html", page);

        Assert.Equal(0, exitCode);
        var html = await File.ReadAllTextAsync(page, TestContext.Current.CancellationToken);
        Assert.Contains("that look the same, the first is drawn", html, StringComparison.Ordinal);
        Assert.Contains("layers.1.mlp.up.weight", html, StringComparison.Ordinal);
        Assert.DoesNotContain("layers.2.mlp.up.weight [", html, StringComparison.Ordinal);
        Assert.Contains("blocks of ", html, StringComparison.Ordinal);
        Assert.Contains("orthogonal, ones fixed", html, StringComparison.Ordinal);
        Assert.DoesNotContain("<script", html, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("http", html, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Inspect_OfACloudFolder_ShowsWhatThePackageShows()
    {
        var package = await packages.FolderAsync(models, Name);

        var whole = CommandLine.Run("inspect", "--model", package, "--json");
        var cloud = CommandLine.Run("inspect", "--model", Path.Combine(package, "cloud"), "--json");

        Assert.Equal(whole, cloud);
    }

    [Fact]
    public void Inspect_OfNothing_IsRefused()
    {
        var (exitCode, _, error) = CommandLine.Run("inspect", "--model", "nowhere.onnx");

        Assert.Equal((1, "there is no folder or graph 'nowhere.onnx'"), (exitCode, error.Trim()));
    }

    private static string Classes(string json)
    {
        using var document = JsonDocument.Parse(json);
        return document.RootElement.GetProperty("classes").GetRawText();
    }
}
