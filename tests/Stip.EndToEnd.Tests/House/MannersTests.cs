namespace Stip.EndToEnd.Tests.House;

/// <summary>The measurable part of CONTRIBUTING.md, <em>Manners</em>.</summary>
public sealed class MannersTests
{
    private const int FileCeilingLines = 300;
    private const int LineCeilingColumns = 120;
    private static readonly string[] BannedNames = ["Utils", "Helpers", "Common", "Services", "Managers"];

    [Fact]
    public void SourceFiles_All_StayBelowTheCeiling() => Assert.Empty(
        from file in SourceTree.Sources()
        let lines = File.ReadLines(file).Count()
        where lines > FileCeilingLines
        select $"{SourceTree.Relative(file)}: {lines} lines");

    [Fact]
    public void SourceLines_All_FitTheScreen() => Assert.Empty(
        from file in SourceTree.Sources()
        from line in File.ReadLines(file).Index()
        where line.Item.Length > LineCeilingColumns
        select $"{SourceTree.Relative(file)}:{line.Index + 1}: {line.Item.Length} columns");

    [Fact]
    public void Folders_All_NameAConcept() => Assert.Empty(
        from file in SourceTree.Sources()
        from part in SourceTree.Relative(file).Split('/')
        where BannedNames.Contains(Path.GetFileNameWithoutExtension(part))
        select SourceTree.Relative(file));
}
