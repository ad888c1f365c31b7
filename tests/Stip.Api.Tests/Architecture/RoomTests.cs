using System.Text.Json;
using System.Text.RegularExpressions;
using Stip.Api.Engine;
using Stip.TestKit;

namespace Stip.Api.Tests.Architecture;

/// <summary>The walls of the server, as tests.</summary>
public sealed partial class RoomTests
{
    private static readonly string[] Forbidden =
        ["Stip.Keys", "Stip.Onnx", "Stip.Client", "Google.Protobuf", "Microsoft.ML.Tokenizers"];

    [Fact]
    public void Server_ByItsDependencies_CouldNotLoadAKeyType()
    {
        var path = Path.Combine(AppContext.BaseDirectory, "Stip.Api.deps.json");
        using var document = JsonDocument.Parse(File.ReadAllText(path));
        var libraries = document.RootElement.GetProperty("libraries").EnumerateObject()
            .Select(library => library.Name.Split('/')[0]).ToArray();
        Assert.Contains("Stip.Protocol", libraries);
        Assert.Empty(libraries.Intersect(Forbidden));
    }

    [Theory]
    [InlineData("Runtime", "Stip.Api.Registry", "Stip.Api.Endpoints")]
    [InlineData("Engine", "Microsoft.ML", "Microsoft.AspNetCore", "Stip.Api.Runtime", "Stip.Api.Registry",
        "Stip.Api.Endpoints")]
    [InlineData("Registry", "Microsoft.ML", "Microsoft.AspNetCore", "Stip.Api.Runtime", "Stip.Api.Endpoints")]
    [InlineData("Endpoints", "Microsoft.ML", "Stip.Api.Runtime")]
    public void Room_ByItsUsings_OpensOnlyItsDoors(string room, params string[] closed)
    {
        var folder = RepositoryRoot.At("Stip.Api", room);
        var files = Directory.GetFiles(folder, "*.cs", SearchOption.AllDirectories);
        Assert.NotEmpty(files);
        var crossings =
            from file in files
            from Match use in Using().Matches(File.ReadAllText(file))
            where closed.Any(door => use.Groups[1].Value.StartsWith(door, StringComparison.Ordinal))
            select $"{Path.GetFileName(file)}: {use.Groups[1].Value}";
        Assert.Empty(crossings);
    }

    [Fact]
    public void ValidSteps_HaveNoPublicConstructor()
    {
        Type[] judged = [typeof(ValidStep), typeof(ValidInputs), typeof(StepDeclaration)];
        foreach (var type in judged)
        {
            Assert.All(
                type.GetConstructors(System.Reflection.BindingFlags.Instance | System.Reflection.BindingFlags.Public
                    | System.Reflection.BindingFlags.NonPublic),
                constructor => Assert.True(constructor.IsPrivate));
        }
    }

    [GeneratedRegex(@"^using (?:static |\w+ = )?([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex Using();
}
