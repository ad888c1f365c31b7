using Stip.Api.Registry;
using Stip.Api.Registry.Uploads;

namespace Stip.Api.Endpoints;

/// <summary>Releases what its user left behind: idle sessions and uploads.</summary>
internal sealed class Housekeeping(
    ModelRegistry registry, UploadStore uploads, TimeProvider clock, ILogger<Housekeeping> log) : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(10);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                foreach (var model in registry.All)
                {
                    await (model.Decoder?.ExpireAsync() ?? Task.CompletedTask);
                }

                uploads.Expire();
            }
            catch (IOException e)
            {
                log.LogWarning(e, "Expired uploads could not be removed");
            }
        }
    }
}
