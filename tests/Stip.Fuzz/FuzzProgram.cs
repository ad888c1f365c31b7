using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Stip.Fuzz.Targets;

namespace Stip.Fuzz;

/// <summary><c>dotnet run --project tests/Stip.Fuzz -- TARGET|all [--seconds 30] [--seed N]</c>, or
/// <c>TARGET FILE…</c> to read inputs once, or <c>TARGET --libfuzzer|--afl</c> under an instrumenting fuzzer.
/// </summary>
internal static class FuzzProgram
{
    private static int Main(string[] arguments)
    {
        using var targets = new AllTargets();
        var name = arguments.FirstOrDefault() ?? "";
        var chosen = targets.Names.Where(target => name == "all" || name == target).ToArray();
        if (chosen.Length == 0)
        {
            Console.Error.WriteLine($"give a target, or all: {string.Join(", ", targets.Names)}");
            return 2;
        }

        var seconds = Option(arguments, "--seconds", 30);
        var seed = Option(arguments, "--seed", 1);
        var files = arguments.Skip(1).Where(File.Exists).ToArray();
        foreach (var target in chosen.Select(targets.Make))
        {
            if (arguments.Contains("--libfuzzer"))
            {
                SharpFuzz.Fuzzer.LibFuzzer.Run(input => target.Refuse(input.ToArray()));
            }
            else if (arguments.Contains("--afl"))
            {
                SharpFuzz.Fuzzer.OutOfProcess.Run(stream => target.Refuse(ReadAll(stream)));
            }
            else if (files.Length > 0)
            {
                Array.ForEach(files, file => Console.Out.WriteLine(
                    $"{file}: {target.Refuse(File.ReadAllBytes(file))?.Message ?? "taken"}"));
            }
            else if (!Run(target, seed, TimeSpan.FromSeconds(seconds)))
            {
                return 1;
            }
        }

        return 0;
    }

    private static bool Run(FuzzTarget target, int seed, TimeSpan time)
    {
        var run = new FuzzRun(target, seed);
        var started = Stopwatch.StartNew();
        using var watch = new Timer(
            _ => Hangs(target, run), null, time + TimeSpan.FromSeconds(60), Timeout.InfiniteTimeSpan);
        try
        {
            run.Go(int.MaxValue, time);
            Console.Out.WriteLine(
                $"{target.Name}: {run.Inputs} inputs, {run.Inputs / started.Elapsed.TotalSeconds:0} a second, "
                + $"{run.Kinds} kinds of answers, no finding");
            return true;
        }
        catch (FuzzFindingException finding)
        {
            Console.Error.WriteLine($"{finding.Message}{Environment.NewLine}{finding.InnerException}");
            Console.Error.WriteLine($"after {run.Inputs} inputs: {Keep(target, finding.Input)}");
            return false;
        }
    }

    // Nothing comes back from here, so it is told and the process ends.
    private static void Hangs(FuzzTarget target, FuzzRun run)
    {
        Console.Error.WriteLine($"{target.Name} hangs: {Keep(target, run.Current ?? [])}");
        Environment.Exit(1);
    }

    private static string Keep(FuzzTarget target, byte[] input)
    {
        var path = Path.Combine(
            Path.GetTempPath(), $"{target.Name}-{Convert.ToHexStringLower(SHA256.HashData(input))[..12]}.bin");
        File.WriteAllBytes(path, input);
        return path;
    }

    private static byte[] ReadAll(Stream stream)
    {
        using var bytes = new MemoryStream();
        stream.CopyTo(bytes);
        return bytes.ToArray();
    }

    private static int Option(string[] arguments, string name, int otherwise) =>
        Array.IndexOf(arguments, name) is var at and >= 0 && at + 1 < arguments.Length
            && int.TryParse(arguments[at + 1], NumberStyles.None, CultureInfo.InvariantCulture, out var value)
            ? value
            : otherwise;
}
