using Stip.Onnx.Tests.Symmetry;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Export.Tests.Protection;

/// <summary>Pictures of Swin that windows and merged patches do not divide: what is filled up, rolled and cropped
/// are positions as others are.</summary>
public sealed class FilledWindowsTests(ExportedModels exported) : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public async Task Runs_OfASwinWhoseWindowsAreFilled_HaveTheClassesOfItsCells()
    {
        File.WriteAllText(_folder.At("config.json"), """
            {"architectures": ["SwinModel"], "image_size": [28, 20], "patch_size": 4, "window_size": 3,
             "embed_dim": 8, "depths": [2, 1], "num_heads": [2, 2], "mlp_ratio": 2}
            """);
        using var model = Onnx.Protection.PlainModel.Open(
            await exported.ExportAsync(_folder.Path, TensorDtype.Float32, randomSeed: 1));

        TwoForms.AssertAgree(model);
    }

    public void Dispose() => _folder.Dispose();
}
