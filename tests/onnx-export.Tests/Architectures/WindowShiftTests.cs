using Stip.Export.Tests.Commands;
using Stip.Onnx.Model;
using Stip.TestKit;

namespace Stip.Export.Tests.Architectures;

/// <summary>Which blocks of Swin shift their windows, where a grid is one window high or wide.</summary>
public sealed class WindowShiftTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    // transformers' Swin 2 looks at the rows alone, Swin at the shorter side.
    [Theory]
    [InlineData("Swinv2Model", "[64, 32]", true)]
    [InlineData("Swinv2Model", "[32, 64]", false)]
    [InlineData("SwinModel", "[64, 32]", false)]
    [InlineData("SwinModel", "[32, 64]", false)]
    [InlineData("SwinModel", "[64, 64]", true)]
    public void SecondBlock_IsShifted_WhereTransformersShiftsIt(string architecture, string size, bool isShifted)
    {
        Directory.CreateDirectory(_folder.At("source"));
        File.WriteAllText(_folder.At("source", "config.json"), $$"""
            {"architectures": ["{{architecture}}"], "image_size": {{size}}, "patch_size": 4, "window_size": 8,
             "embed_dim": 12, "depths": [2], "num_heads": [3]}
            """);

        var (exitCode, _, error) = CommandLine.Run(
            "export", "--checkpoint", _folder.At("source"), "--output", _folder.At("out"), "--random-weights", "1");

        Assert.True(exitCode == 0, error);
        var nodes = Directory.GetFiles(_folder.At("out"), "*.onnx").SelectMany(path =>
        {
            using var graph = ModelFile.Load(path);
            return graph.Graph.Node.Select(node => node.Name).ToArray();
        }).ToHashSet();
        Assert.Contains("stages.0.1.attention/Softmax", nodes);
        Assert.Equal(isShifted, nodes.Contains("stages.0.1.attention/masked"));
    }

    public void Dispose() => _folder.Dispose();
}
