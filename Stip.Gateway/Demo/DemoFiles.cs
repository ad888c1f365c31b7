using Stip.Gateway.Terminal;

namespace Stip.Gateway.Demo;

/// <summary>Finds the sample model and the other two programs from wherever this one was built.</summary>
internal static class DemoFiles
{
    public static string SampleModel() => Above(Path.Combine("samples", "models", "stories"), "config.json");

    /// <summary>The program that was built beside this one: <c>bin/NAME/CONFIGURATION/NAME.dll</c>.</summary>
    public static string Program(string name)
    {
        var own = new DirectoryInfo(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory));
        var path = Path.Combine(own.Parent?.Parent?.FullName ?? own.FullName, name, own.Name, name + ".dll");
        return File.Exists(path)
            ? path
            : throw new RefusedException($"{path} is not there: the demo starts the programs of a built repository");
    }

    private static string Above(string folder, string file)
    {
        for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            if (File.Exists(Path.Combine(at.FullName, folder, file)))
            {
                return Path.Combine(at.FullName, folder);
            }
        }

        throw new RefusedException(
            $"{folder} is not above {AppContext.BaseDirectory}: the demo runs from the repository");
    }
}
