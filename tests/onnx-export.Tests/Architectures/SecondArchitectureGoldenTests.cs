namespace Stip.Export.Tests.Architectures;

/// <summary>The other files of recipes: they took as long as all other tests of the exporter, one after another.
/// </summary>
public sealed class SecondArchitectureGoldenTests(ExportedModels models) : ArchitectureGoldens(models)
{
    public static TheoryData<string, string> Names => NamesWhere(IsOf);

    [Theory]
    [MemberData(nameof(Names))]
    public Task Outputs_OfAnArchitecture_EqualTheReference(string group, string name) =>
        AssertReferenceAsync(group, name);

    internal static bool IsOf(string group) => string.CompareOrdinal(group, "pages") >= 0;
}
