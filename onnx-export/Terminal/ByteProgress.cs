using System.Globalization;
using Spectre.Console;

namespace Stip.Export.Terminal;

/// <summary>Bytes, rate and time left: a bar on a terminal, one line at the end when redirected.</summary>
internal static class ByteProgress
{
    private const double BytesPerMebibyte = 1 << 20;

    /// <summary>Runs <paramref name="work"/> and shows how far it is.</summary>
    /// <param name="what">What the bytes are, e.g. <c>weights</c>.</param>
    /// <param name="totalBytes">Bytes of the whole work.</param>
    /// <param name="work">Is given what to call with the bytes done so far.</param>
    public static async Task RunAsync(string what, long totalBytes, Func<Action<long>, Task> work)
    {
        if (!AnsiConsole.Profile.Out.IsTerminal)
        {
            var started = TimeProvider.System.GetTimestamp();
            await work(_ => { });
            var seconds = TimeProvider.System.GetElapsedTime(started).TotalSeconds;
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{what}: {totalBytes / BytesPerMebibyte:F1} MiB in {seconds:F1} s"));
            return;
        }

        await AnsiConsole.Progress()
            .Columns(
                new TaskDescriptionColumn(),
                new ProgressBarColumn(),
                new DownloadedColumn(),
                new TransferSpeedColumn(),
                new RemainingTimeColumn())
            .StartAsync(async context =>
            {
                var task = context.AddTask(what, maxValue: Math.Max(1, totalBytes));
                await work(done => task.Value = done);
                task.Value = task.MaxValue;
            });
    }
}
