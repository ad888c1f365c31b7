using Stip.Onnx.Packages;
using Stip.TestKit;

namespace Stip.Export.Tests.Commands;

/// <summary>The program as users start it.</summary>
public sealed class ProcessTests
{
    [Fact]
    public async Task Export_AsAProcess_IsMadeOnceAndReadable()
    {
        var folder = await ModelPackages.ExportAsync("tiny-gpt2-xl");

        Assert.Same(folder, await ModelPackages.ExportAsync("tiny-gpt2-xl"));
        Assert.Equal("GPT2LMHeadModel", ExportFolder.ReadManifest(folder).Architecture);
    }

    [Fact]
    public async Task Refusal_AsAProcess_EndsWith1() =>
        Assert.Contains("ended with 1: ", (await Assert.ThrowsAsync<InvalidOperationException>(
            () => ModelPackages.RunAsync("audit"))).Message, StringComparison.Ordinal);
}
