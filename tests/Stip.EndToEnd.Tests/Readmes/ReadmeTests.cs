using Stip.Client.Bundles;
using Stip.EndToEnd.Kit;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.EndToEnd.Tests.Readmes;

/// <summary>The first example of each package's README is code that is compiled and runs.</summary>
public sealed class ReadmeTests(SharedServer shared)
{
    [Theory]
    [InlineData("Stip.Client", "ClientReadme.cs")]
    [InlineData("Stip.Protocol", "ProtocolReadme.cs")]
    [InlineData("Stip.Keys", "KeysReadme.cs")]
    public void Example_IsWhatTheTestRuns(string package, string file)
    {
        var readme = File.ReadAllText(RepositoryRoot.At(package, "README.md"));
        var source = File.ReadAllText(RepositoryRoot.At("tests", "Stip.EndToEnd.Tests", "Readmes", file));
        var example = readme.Split("```csharp\n")[1].Split("```")[0];

        var compiled = source.Split('\n').Select(line => line.Trim()).ToHashSet(StringComparer.Ordinal);
        Assert.All(
            example.Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0),
            line => Assert.Contains(line, compiled));
    }

    [Fact]
    public async Task ClientExample_AgainstAServer_TellsAStory()
    {
        var package = await shared.PushedAsync("stories");

        var answer = await ClientReadme.RunAsync(package, shared.Server.Endpoint, shared.Server.ApiKey);

        Assert.NotEmpty(answer);
    }

    [Fact]
    public async Task ProtocolExample_AgainstAServer_BringsLogits()
    {
        using var bundle = Bundle.Open(await shared.PushedAsync("stories"));
        var tables = bundle.Embedding;
        var rows = new byte[2 * tables.RowBytes];
        tables.WriteRows([1, 2], 0, rows);
        using var http = new HttpClient { BaseAddress = shared.Server.Endpoint };
        http.DefaultRequestHeaders.Authorization = new("Bearer", shared.Server.ApiKey);

        var answer = await ProtocolReadme.RunAsync(
            http, new TensorPayload(tables.WireDtype.WireName(), [2, tables.HiddenSize], rows));

        Assert.Equal((2, 8), (answer.Position, answer.Choices[0].Logits.Indices!.Count));
    }

    [Fact]
    public void KeysExample_GivesTheNumbersBack() => Assert.Equal([1f, 2f, 3f], KeysReadme.Run([1, 2, 3]));
}
