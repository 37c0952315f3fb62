<?php

// A trait of the framework's foundation, which Debian does not package. A queued closure uses it.

namespace Illuminate\Foundation\Bus;

trait Dispatchable
{
}
