using System.Xml.Linq;
using Stip.TestKit;

namespace Stip.EndToEnd.Tests.House;

/// <summary>The repository as files: projects, their references, sources.</summary>
internal static class SourceTree
{
    private static readonly string[] NotOurs = ["artifacts", "bin", "obj", "node_modules", ".git"];

    public static IEnumerable<string> Projects() => Files("*.csproj");

    public static IEnumerable<string> Sources() => Files("*.cs");

    /// <summary>Names of the projects that a project file names, build-order-only ones left out.</summary>
    public static IEnumerable<string> References(string project) => XDocument.Load(project)
        .Descendants("ProjectReference")
        .Where(reference => (string?)reference.Attribute("ReferenceOutputAssembly") != "false")
        .Select(reference => ((string)reference.Attribute("Include")!).Replace('\\', '/'))
        .Select(path => Path.GetFileNameWithoutExtension(path));

    public static string Relative(string path) => Path.GetRelativePath(RepositoryRoot.Folder, path).Replace('\\', '/');

    private static IEnumerable<string> Files(string pattern) => Directory
        .EnumerateFiles(RepositoryRoot.Folder, pattern, SearchOption.AllDirectories)
        .Where(path => !Relative(path).Split('/').Intersect(NotOurs).Any());
}
