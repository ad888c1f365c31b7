using Stip.Onnx.Model;
using Stip.Onnx.Tests.Symmetry;
using Stip.TestKit;

namespace Stip.Export.Tests.Protection;

public sealed class TwoFormsTests(ExportedModels exported)
{
    public static TheoryData<string> Names => [.. KnownCheckpoints.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Runs_OfAnExportedGraph_HaveTheClassesOfItsCells(string name)
    {
        using var file = ModelFile.Load(Path.Combine(await exported.FolderAsync(name), "model.onnx"));

        TwoForms.AssertAgree(file);
    }
}
