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
            : throw NotInARepository(name);
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

        throw NotInARepository(folder);
    }

    // The installed tool has neither the other two parties' programs nor a model.
    private static RefusedException NotInARepository(string missing) => new(
        $"the demo needs a checkout of the repository, and {missing} is not beside this program: "
        + "there run dotnet run --project Stip.Gateway -- demo");
}
