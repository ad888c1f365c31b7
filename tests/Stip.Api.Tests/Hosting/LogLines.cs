using System.Collections.Concurrent;
using System.Globalization;
using Serilog.Core;
using Serilog.Events;

namespace Stip.Api.Tests.Hosting;

/// <summary>The lines of a log.</summary>
internal sealed class LogLines : ILogEventSink
{
    public ConcurrentQueue<string> All { get; } = new();

    public void Emit(LogEvent logEvent) => All.Enqueue(logEvent.RenderMessage(CultureInfo.InvariantCulture));
}
