using System.IO.Pipelines;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http.Features;

namespace Stip.Api.Tests.Hosting;

/// <summary>Callers who go while their answer is made, before the server has heard of it: what is written to them is
/// taken, and nobody reads it.</summary>
/// <param name="end">How the paths of their requests end.</param>
internal sealed class DeafCallers(string end) : IStartupFilter
{
    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => application =>
    {
        application.Use(async (context, onward) =>
        {
            if (context.Request.Path.Value!.EndsWith(end, StringComparison.Ordinal))
            {
                context.Features.Set<IHttpResponseBodyFeature>(await Unread.MakeAsync());
            }

            await onward(context);
        });
        next(application);
    };

    private sealed class Unread : IHttpResponseBodyFeature
    {
        private readonly Pipe _pipe = new();

        public Stream Stream => Writer.AsStream(leaveOpen: true);

        public PipeWriter Writer => _pipe.Writer;

        public static async Task<Unread> MakeAsync()
        {
            var unread = new Unread();
            await unread._pipe.Reader.CompleteAsync();
            return unread;
        }

        public Task StartAsync(CancellationToken cancellationToken = default) => Task.CompletedTask;

        public Task CompleteAsync() => Task.CompletedTask;

        public void DisableBuffering()
        {
        }

        public Task SendFileAsync(
            string path, long offset, long? count, CancellationToken cancellationToken = default) =>
            throw new NotSupportedException();
    }
}
