using System.Text.Json;
using Stip.Export.Tests.Protection;

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
    public async Task Inspect_AsText_Succeeds() =>
        Assert.Equal(0, CommandLine.Run("inspect", "--model", await models.FolderAsync(Name)).ExitCode);

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
