using Stip.Export.Running;
using Stip.Export.Tests.Protection;
using Stip.Onnx.Execution;
using Stip.TestKit;

namespace Stip.Export.Tests.Commands;

public sealed class RunPackageTests(ExportedModels models, ProtectedModels packages) : IDisposable
{
    private const float LargestDifference = 1e-4f;

    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("tiny-llama2-70b")]
    [InlineData("tiny-gpt2-xl")]
    [InlineData("stories-draft")]
    public async Task Run_OfAPackage_WritesWhatThePlainModelGives(string name)
    {
        TensorFile.Write(_folder.At("in"), [
            ("input_ids", HostTensor.FromIntegers([5L, 1L, 90L, 90L, 17L, 3L, 2L, 8L], 2, 4)),
            ("attention_mask", HostTensor.FromIntegers([1L, 1L, 1L, 1L, 1L, 1L, 1L, 0L], 2, 4))]);

        var plain = Run(await models.FolderAsync(name), "plain");
        var moved = Run(await packages.FolderAsync(models, name), "moved");

        Assert.Equal(plain.Keys, moved.Keys);
        Assert.Contains("present.0.key", plain.Keys);
        foreach (var (output, tensor) in plain)
        {
            Assert.Equal(tensor.Shape, moved[output].Shape);
            Assert.All(tensor.ToFloats().Zip(moved[output].ToFloats()), pair =>
                Assert.InRange(Math.Abs(pair.First - pair.Second), 0, LargestDifference));
        }
    }

    public void Dispose() => _folder.Dispose();

    private Dictionary<string, HostTensor> Run(string model, string output)
    {
        var (exitCode, _, error) = CommandLine.Run(
            "run", "--model", model, "--inputs", _folder.At("in"), "--output", _folder.At(output));
        Assert.True(exitCode == 0, error);
        return TensorFile.Read(_folder.At(output));
    }
}
