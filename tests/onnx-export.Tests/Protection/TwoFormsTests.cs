using Stip.Onnx.Tests.Symmetry;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Export.Tests.Protection;

public sealed class TwoFormsTests(ExportedModels exported)
{
    // Cell by cell the larger ones take ten seconds each: those with STIP_FIXTURES only.
    private static readonly string[] Large =
        ["stories-mixtral", "stories-sentence", "digits-vit", "digits-llava", .. KnownCheckpoints.GgufFiles];

    public static TheoryData<string> Names =>
    [
        .. KnownCheckpoints.Folders.Concat(KnownCheckpoints.Encoders).Except(Large),
        .. FetchedFixtures.Folder is null ? [] : Large,
    ];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Runs_OfAnExportedModel_HaveTheClassesOfItsCells(string name)
    {
        using var model = Onnx.Protection.PlainModel.Open(name.Contains('/')
            ? await exported.ExportAsync(KnownCheckpoints.Folder(name), TensorDtype.Float32, keepsBlocks: true)
            : await exported.FolderAsync(name));

        Assert.All(model.Files, file => TwoForms.AssertAgree(file));
        if (model.Files.Count > 1)
        {
            TwoForms.AssertAgree(model);
        }
    }
}
