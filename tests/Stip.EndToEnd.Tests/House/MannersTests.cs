namespace Stip.EndToEnd.Tests.House;

/// <summary>The measurable part of CONTRIBUTING.md, <em>Manners</em>.</summary>
public sealed class MannersTests
{
    private const int FileCeilingLines = 300;
    private static readonly string[] BannedNames = ["Utils", "Helpers", "Common", "Services", "Managers"];

    [Fact]
    public void SourceFiles_All_StayBelowTheCeiling() => Assert.Empty(
        from file in SourceTree.Sources()
        let lines = File.ReadLines(file).Count()
        where lines > FileCeilingLines
        select $"{SourceTree.Relative(file)}: {lines} lines");

    [Fact]
    public void Folders_All_NameAConcept() => Assert.Empty(
        from file in SourceTree.Sources()
        from part in SourceTree.Relative(file).Split('/')
        where BannedNames.Contains(Path.GetFileNameWithoutExtension(part))
        select SourceTree.Relative(file));
}
