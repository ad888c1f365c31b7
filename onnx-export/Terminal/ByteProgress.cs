using System.Globalization;
using Spectre.Console;

namespace Stip.Export.Terminal;

/// <summary>Bytes, rate and time left, and where it is asked for the share of what comes after them: bars on a
/// terminal, one line at the end when redirected.</summary>
internal static class ByteProgress
{
    private const double BytesPerMebibyte = 1 << 20;

    /// <summary>Runs <paramref name="work"/> and shows how far it is.</summary>
    /// <param name="what">What the bytes are, e.g. <c>weights</c>.</param>
    /// <param name="totalBytes">Bytes of the whole work.</param>
    /// <param name="work">Is given what to call with the bytes done so far.</param>
    public static Task RunAsync(string what, long totalBytes, Func<Action<long>, Task> work) =>
        RunAsync(what, totalBytes, "", (bytes, _) => work(bytes));

    /// <summary>The same for work with a second part, whose bar comes when it is first heard of.</summary>
    /// <param name="what">What the bytes are.</param>
    /// <param name="totalBytes">Bytes of the whole work.</param>
    /// <param name="second">What the second part is, e.g. <c>verified</c>.</param>
    /// <param name="work">Is given what to call with the bytes done so far, and with the share of the second part.
    /// </param>
    public static async Task RunAsync(
        string what, long totalBytes, string second, Func<Action<long>, Action<double>, Task> work)
    {
        if (!AnsiConsole.Profile.Out.IsTerminal)
        {
            var started = TimeProvider.System.GetTimestamp();
            await work(_ => { }, _ => { });
            var seconds = TimeProvider.System.GetElapsedTime(started).TotalSeconds;
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{OneLine.Of(what)}: {totalBytes / BytesPerMebibyte:F1} MiB in {seconds:F1} s"));
            return;
        }

        await AnsiConsole.Progress()
            .Columns(
                new TaskDescriptionColumn(),
                new ProgressBarColumn(),
                new PercentageColumn(),
                new BytesOnly(new DownloadedColumn()),
                new BytesOnly(new TransferSpeedColumn()),
                new RemainingTimeColumn())
            .StartAsync(async context =>
            {
                var task = context.AddTask(Markup.Escape(OneLine.Of(what)), maxValue: Math.Max(2, totalBytes));
                var share = new Lazy<ProgressTask>(() => context.AddTask(second, maxValue: BytesOnly.Whole));
                await work(done => task.Value = done, done => share.Value.Value = done);
                task.Value = task.MaxValue;
            });
    }
}
