using Stip.TestKit;

namespace Stip.EndToEnd.Tests.House;

/// <summary>A trust boundary is a project boundary: docs/architecture.md, as a test.</summary>
public sealed class ProjectBoundaryTests
{
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["Stip.Protocol"] = [],
        ["Stip.Keys"] = [],
        ["Stip.Onnx"] = ["Stip.Protocol", "Stip.Keys"],
        ["onnx-export"] = ["Stip.Protocol", "Stip.Onnx"],
        ["Stip.Api"] = ["Stip.Protocol"],
        ["Stip.Client"] = ["Stip.Protocol", "Stip.Keys"],
        ["Stip.Gateway"] = ["Stip.Client"],
        ["Stip.DeveloperPortal"] = ["Stip.Protocol", "Stip.Keys", "Stip.Onnx"],
    };

    [Fact]
    public void ProjectReferences_OfEveryProduct_AreAllowed()
    {
        var crossings =
            from project in SourceTree.Projects()
            let name = Path.GetFileNameWithoutExtension(project)
            where Allowed.ContainsKey(name)
            from reference in SourceTree.References(project)
            where !Allowed[name].Contains(reference)
            select $"{name} → {reference}";

        Assert.Empty(crossings);
    }

    [Fact]
    public void Products_AtTheRoot_AllHaveARule() => Assert.Equal(
        Allowed.Keys.Order(StringComparer.Ordinal),
        SourceTree.Projects()
            .Where(project => Directory.GetParent(project)!.Parent!.FullName == RepositoryRoot.Folder)
            .Select(project => Path.GetFileNameWithoutExtension(project))
            .Where(name => name != "Stip.Bench")
            .Order(StringComparer.Ordinal));
}
